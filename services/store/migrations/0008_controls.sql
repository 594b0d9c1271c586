-- What operators set while the system runs: proto/control.proto. The numbers of scopes and states are
-- those of that file.

-- One row for each thing that was ever set. What is removed stays, so that its removal can be told.
create sequence control_versions;
create table controls (
    scope smallint not null check (scope between 1 and 4), -- ControlScope
    tenant_id text not null,
    name text not null,
    state smallint not null check (state between 1 and 4), -- ControlState
    message text not null,
    weight double precision not null,
    burst integer not null,
    -- All null: as the settings say.
    requests_per_minute bigint,
    tokens_per_minute bigint,
    calls_in_flight bigint,
    micros_per_day bigint,
    is_shadow boolean,
    version bigint not null unique,
    is_removed boolean not null,
    set_by text not null,
    set_at timestamptz not null default clock_timestamp(),
    unfinished_jobs integer not null default 0, -- of a user; 0 = as the settings say
    primary key (scope, tenant_id, name),
    check (num_nulls(requests_per_minute, tokens_per_minute, calls_in_flight, micros_per_day,
                     is_shadow) in (0, 5))
);
create index controls_by_change on controls (set_at);

-- Who changed what, for ever: rows are only added.
create table audit_log (
    entry_id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    by text not null,
    what text not null,
    before jsonb,
    after jsonb
);

create function keep_audit_log() returns trigger
language plpgsql as $$
begin
    raise exception 'the audit log is only added to';
end $$;
create trigger audit_log_is_kept before update or delete or truncate on audit_log
    for each statement execute function keep_audit_log();

-- A control as it travels.
create function control_row(c controls)
returns table (scope smallint, tenant_id text, name text, state smallint, message text,
               weight double precision, burst integer, requests_per_minute bigint,
               tokens_per_minute bigint, calls_in_flight bigint, micros_per_day bigint,
               is_shadow boolean, version bigint, is_removed boolean, unfinished_jobs integer)
language sql stable as $$
    select c.scope, c.tenant_id, c.name, c.state, c.message, c.weight, c.burst,
           c.requests_per_minute, c.tokens_per_minute, c.calls_in_flight, c.micros_per_day,
           c.is_shadow, c.version, c.is_removed, c.unfinished_jobs
$$;

-- What is said again is not changed: neither a new version nor a line in the log.
create function set_control(p_scope smallint, p_tenant text, p_name text, p_state smallint,
                            p_message text, p_weight double precision, p_burst integer,
                            p_has_limits boolean, p_requests bigint, p_tokens bigint,
                            p_calls bigint, p_micros bigint, p_is_shadow boolean,
                            p_is_removed boolean, p_by text, p_unfinished_jobs integer)
    returns controls
language plpgsql as $$
declare
    known controls;
    wanted controls;
    stamps text[] := '{version,set_by,set_at}';
begin
    -- One at a time, so that versions are in the order of their commits.
    perform pg_advisory_xact_lock(hashtextextended('controls', 0));
    select * into known from controls
    where scope = p_scope and tenant_id = p_tenant and name = p_name;
    if p_is_removed and known.scope is null then
        raise exception 'there is nothing set to be removed' using errcode = 'TP404';
    end if;
    wanted := row(p_scope, p_tenant, p_name, 1, '', 0, 0, null, null, null, null, null, 0,
                  p_is_removed, p_by, clock_timestamp(), 0);
    if not p_is_removed then
        wanted.state := p_state;
        wanted.message := p_message;
        wanted.weight := p_weight;
        wanted.burst := p_burst;
        wanted.unfinished_jobs := p_unfinished_jobs;
    end if;
    if p_has_limits and not p_is_removed then
        wanted.requests_per_minute := p_requests;
        wanted.tokens_per_minute := p_tokens;
        wanted.calls_in_flight := p_calls;
        wanted.micros_per_day := p_micros;
        wanted.is_shadow := p_is_shadow;
    end if;
    if known.scope is not null and to_jsonb(known) - stamps = to_jsonb(wanted) - stamps then
        return known;
    end if;
    wanted.version := nextval('control_versions');
    delete from controls where scope = p_scope and tenant_id = p_tenant and name = p_name;
    insert into controls values (wanted.*);
    insert into audit_log (by, what, before, after)
    values (p_by, 'control', case when known.scope is not null then to_jsonb(known) end,
            to_jsonb(wanted));
    return wanted;
end $$;

-- Of one tenant and its users, or all; by version, after one.
create function list_controls(p_tenant text, p_after bigint, p_limit integer) returns setof controls
language sql stable as $$
    select * from controls
    where not is_removed and version > p_after and (p_tenant = '' or tenant_id = p_tenant)
    order by version limit p_limit
$$;

-- Does an operator take nothing new of them? The message of a part of a job names nobody.
create function check_draining(p_tenant text, p_user text) returns void
language plpgsql stable as $$
declare
    c controls;
begin
    select * into c from controls
    where (scope, tenant_id, name) in ((1, '', ''), (3, p_tenant, ''), (4, p_tenant, p_user))
      and state = 3 and not is_removed
    order by scope limit 1;
    if c.scope is not null then
        raise exception using
            errcode = case when c.scope = 1 then 'TP503' else 'TP403' end,
            message = coalesce(nullif(c.message, ''), 'no new jobs are taken for the time being');
    end if;
end $$;

-- Protocol steps 2 and 9: what a new leader must know, and what changed since.

-- A job as the scheduler knows it, with all chunks or only those not done.
create type job_state as (
    job_id uuid,
    tenant_id text,
    user_id text,
    service_class smallint,
    status text,
    event_number integer,
    created_us bigint,
    deadline_us bigint,
    chunks bigint[],
    is_healing boolean,
    needs_llm boolean
);

create function state_of(j analysis_jobs, p_with_done boolean) returns job_state
language sql stable as $$
    select row(j.job_id, j.tenant_id, j.user_id, j.service_class, j.status, j.event_number,
               microseconds(j.created_at), microseconds(j.deadline_at),
               chunks_numbered(j.job_id, array(
                   select c.chunk_number from chunks c
                   where c.job_id = j.job_id and (p_with_done or c.status <> 3))),
               j.is_hidden, needs_llm(j))::job_state
$$;

create function read_job_state(p_job uuid) returns table (now_us bigint, state job_state)
language sql stable as $$
    select microseconds(clock_timestamp()), state_of(j, true) from analysis_jobs j
    where j.job_id = p_job
$$;

-- The jobs of one page: as many as have p_chunks chunks together, but one in any case.
create function states_of(p_jobs uuid[], p_with_done boolean, p_chunks integer)
returns table (state job_state, has_more boolean)
language sql stable as $$
    with sized as (
        select j.job_id, row_number() over ahead as place, sum(total_chunks) over ahead as size
        from analysis_jobs j where j.job_id = any (p_jobs) window ahead as (order by j.job_id)
    ), page as (
        select job_id from sized where place = 1 or size <= p_chunks
    )
    select state_of(j, p_with_done), (select count(*) from sized) > (select count(*) from page)
    from analysis_jobs j join page using (job_id) order by j.job_id
$$;

create function is_epoch(p_epoch bigint) returns boolean
language sql stable as $$
    select epoch = p_epoch from leases where name = 'scheduler'
$$;

-- Unfinished jobs, and finished ones with a chunk still in flight.
create function snapshot_jobs(p_epoch bigint, p_after uuid, p_limit integer, p_chunks integer)
returns table (is_fenced boolean, now_us bigint, state job_state, has_more boolean)
language plpgsql stable as $$
#variable_conflict use_column
declare
    found_jobs uuid[];
    t bigint := microseconds(clock_timestamp());
begin
    if not is_epoch(p_epoch) then
        return query select true, t, null::job_state, false;
        return;
    end if;
    found_jobs := array(
        (select job_id from analysis_jobs
         where status = 'queued' and job_id > p_after order by job_id limit p_limit)
        union
        (select job_id from analysis_jobs
         where status = 'processing' and job_id > p_after order by job_id limit p_limit)
        union
        (select distinct job_id from in_flight
         where job_id > p_after order by job_id limit p_limit)
        order by job_id limit p_limit);
    return query
    select false, t, s.state, s.has_more or cardinality(found_jobs) = p_limit
    from (values (1)) once left join states_of(found_jobs, false, p_chunks) s on true;
end $$;

-- Does the call still count in the windows of the last two minutes, as it stood at that time? Leases
-- are no longer than an hour.
create function is_recent(c llm_calls, p_at timestamptz) returns boolean
language sql stable as $$
    select c.granted_at > p_at - interval '62 minutes'
       and greatest(c.lease_until, case when c.settled_at <= p_at then c.settled_at end)
           > p_at - interval '2 minutes'
$$;

create function time_of(p_us bigint) returns timestamptz
language sql stable as $$
    select timestamptz 'epoch' + p_us * interval '1 microsecond'
$$;

-- Recent calls, ordered by their grant. All pages of calls and of spends are of the time p_at_us,
-- so that a call is in either but not in both; 0 = now. One row at least.
create function snapshot_calls(p_epoch bigint, p_at_us bigint, p_after_us bigint,
                               p_after_call bigint, p_limit integer)
returns table (is_fenced boolean, at_us bigint, granted_us bigint, call_id bigint, epoch bigint,
               granted_in_ms bigint, lease_in_ms bigint, is_settled boolean, settled_in_ms bigint,
               tokens bigint, micros bigint, tenant_id text, job_id uuid, chunk_number integer,
               attempt integer, endpoint text, outcome_class smallint, was_called boolean,
               user_id text)
language plpgsql stable as $$
#variable_conflict use_column
declare
    t timestamptz := clock_timestamp();
    at timestamptz := case when p_at_us = 0 then t else time_of(p_at_us) end;
begin
    return query
    select not is_epoch(p_epoch), microseconds(at), microseconds(c.granted_at), c.call_id, c.epoch,
           (extract(epoch from c.granted_at - t) * 1000)::bigint,
           (extract(epoch from c.lease_until - t) * 1000)::bigint, c.settled_at is not null,
           (extract(epoch from c.settled_at - t) * 1000)::bigint,
           case when c.settled_at is null then c.reserved_tokens else c.tokens end,
           case when c.settled_at is null then c.reserved_micros else c.micros end,
           c.tenant_id, c.job_id, c.chunk_number, c.attempt, c.endpoint, c.outcome_class,
           c.was_called, c.user_id
    from (values (1)) once
    left join lateral (
        select c.* from llm_calls c
        where is_recent(c, at) and (c.granted_at, c.call_id) > (time_of(p_after_us), p_after_call)
        order by c.granted_at, c.call_id limit p_limit) c on is_epoch(p_epoch)
    order by c.granted_at, c.call_id;
end $$;

create function stretch_of(p_at timestamptz) returns timestamptz
language sql stable as $$
    select date_bin('15 minutes', p_at, timestamptz 'epoch')
$$;

-- Users that operators limit: what the others spend need not be known one by one.
create view limited_users as
    select tenant_id, name as user_id from controls
    where scope = 4 and micros_per_day is not null;

-- Sums up stretches that ended half an hour ago, a few at a time: calls are settled by then, but for
-- those whose outcome was lost.
create function sum_up_spends(p_stretches integer) returns void
language plpgsql as $$
declare
    t timestamptz := clock_timestamp();
    stretch timestamptz := coalesce((select max(began_at) from spends) + interval '15 minutes',
                                    t - interval '24 hours');
begin
    for i in 1 .. p_stretches loop
        stretch := (select stretch_of(granted_at) from llm_calls where granted_at >= stretch
                    order by granted_at limit 1);
        exit when stretch is null or stretch > t - interval '45 minutes';
        insert into spends
        select stretch, c.tenant_id, coalesce(u.user_id, ''), endpoint,
               sum(case when settled_at is null then reserved_micros else micros end)
        from llm_calls c left join limited_users u
             on u.tenant_id = c.tenant_id and u.user_id = c.user_id
        where granted_at >= stretch and granted_at < stretch + interval '15 minutes'
        group by 2, 3, 4 order by 2, 3, 4
        on conflict do nothing; -- another store was quicker
        stretch := stretch + interval '15 minutes';
    end loop;
    delete from spends where began_at < t - interval '25 hours';
end $$;

-- What the calls of the last day that are not recent any more have cost or may have: of each tenant,
-- of each user that has limits and of each endpoint, by stretches. Ordered by place, which says where
-- to go on. One row at least.
create function snapshot_spends(p_epoch bigint, p_at_us bigint, p_after text, p_limit integer)
returns table (is_fenced boolean, place text, tenant_id text, user_id text, endpoint text,
               ended_ago_ms bigint, micros bigint)
language plpgsql stable as $$
#variable_conflict use_column
declare
    t timestamptz := clock_timestamp();
    at timestamptz := time_of(p_at_us);
    open_from timestamptz := coalesce((select max(began_at) from spends) + interval '15 minutes',
                                      at - interval '24 hours');
begin
    return query
    with stretches as (
        select began_at, tenant_id, user_id, endpoint, micros from spends
        where began_at > at - interval '24 hours 15 minutes'
        union all
        select stretch_of(c.granted_at), c.tenant_id, coalesce(u.user_id, ''),
               c.endpoint,
               case when c.settled_at is null then c.reserved_micros else c.micros end
        from llm_calls c left join limited_users u
             on u.tenant_id = c.tenant_id and u.user_id = c.user_id
        where c.granted_at >= open_from and c.granted_at <= at and not is_recent(c, at)
    ), sums as (
        select began_at, tenant_id, user_id, endpoint, sum(micros)::bigint as micros,
               concat(microseconds(began_at), ':', tenant_id, '/', endpoint, '/', md5(user_id))
                   collate "C" as place
        from stretches
        group by grouping sets ((began_at, tenant_id), (began_at, tenant_id, user_id),
                                (began_at, endpoint))
        having sum(micros) > 0 and user_id is distinct from ''
    )
    select not is_epoch(p_epoch), s.place, s.tenant_id, s.user_id, s.endpoint,
           (extract(epoch from t - least(s.began_at + interval '15 minutes', at)) * 1000)::bigint,
           s.micros
    from (values (1)) once
    left join lateral (select * from sums where place > p_after order by place limit p_limit) s
         on is_epoch(p_epoch)
    order by s.place;
end $$;

-- All that are set, by version; one row at least.
create function snapshot_controls(p_epoch bigint, p_after bigint, p_limit integer)
returns table (is_fenced boolean, control controls)
language sql stable as $$
    select not is_epoch(p_epoch), c
    from (values (1)) once left join list_controls('', p_after, p_limit) c on is_epoch(p_epoch)
    order by c.version
$$;

-- The calls of an endpoint that ended last, as far as they may tell anything of it: 500 of the last
-- 5000 that were granted, no older than a day. Some take long, while others are granted and end.
create function ended_calls(p_endpoint text, p_at timestamptz) returns setof llm_calls
language sql stable as $$
    select * from (
        select * from llm_calls
        where endpoint = p_endpoint and granted_at > p_at - interval '24 hours'
        order by granted_at desc limit 5000) c
    where settled_at is not null and (was_called or outcome_class > 1) -- ok
    order by settled_at desc limit 500
$$;

-- Those of each endpoint, in the order in which they ended; one row at least. A pause that a server
-- asked for and an open breaker are told by the last of its calls: while they last there are no more
-- but those that had begun, and probes.
create function snapshot_ended(p_epoch bigint, p_limit integer)
returns table (is_fenced boolean, endpoint text, granted_ago_ms bigint, settled_ago_ms bigint,
               outcome_class smallint, was_called boolean, is_probe boolean, tokens bigint,
               asked integer[])
language plpgsql stable as $$
#variable_conflict use_column
declare
    t timestamptz := clock_timestamp();
begin
    return query
    with recursive endpoints as (
        (select c.endpoint from llm_calls c order by c.endpoint limit 1)
        union all
        select (select c.endpoint from llm_calls c where c.endpoint > e.endpoint
                order by c.endpoint limit 1)
        from endpoints e where e.endpoint is not null
    ), ended as (
        select c.* from endpoints e, ended_calls(e.endpoint, t) c
        order by c.settled_at desc limit p_limit
    )
    select not is_epoch(p_epoch), c.endpoint,
           greatest(0, extract(epoch from t - c.granted_at) * 1000)::bigint,
           greatest(0, extract(epoch from t - c.settled_at) * 1000)::bigint,
           c.outcome_class, c.was_called, c.is_probe, c.tokens, c.asked
    from (values (1)) once left join ended c on is_epoch(p_epoch)
    order by c.settled_at, c.call_id;
end $$;

-- Jobs changed since then, in the order of their ids. What a transaction still running has changed
-- is not seen yet and may bear an earlier stamp: the asker goes back by an overlap.
create function changed_jobs(p_since_us bigint, p_after uuid, p_limit integer, p_chunks integer)
returns table (now_us bigint, state job_state, has_more boolean)
language plpgsql stable as $$
declare
    t bigint := microseconds(clock_timestamp());
    found_jobs uuid[] := array(
        select job_id from analysis_jobs
        where updated_in >= stamp_of(time_of(p_since_us)) and updated_at > time_of(p_since_us)
          and job_id > p_after
        order by job_id limit p_limit);
begin
    return query
    select t, s.state, s.has_more or cardinality(found_jobs) = p_limit
    from (values (1)) once left join states_of(found_jobs, true, p_chunks) s on true;
end $$;

-- Controls changed since then, removed ones too, by version.
create function changed_controls(p_since_us bigint, p_after bigint, p_limit integer)
returns setof controls
language sql stable as $$
    select * from controls where set_at > time_of(p_since_us) and version > p_after
    order by version limit p_limit
$$;

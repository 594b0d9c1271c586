-- Protocol step 10, and what the scheduler and the followers read (steps 2 and 9).

-- A job as its tenant sees it. It is settled when it is over and no
-- chunk is in flight: then only its sums of usage can still change. What may be long is told only
-- where it is asked for in full.
create function job_row(j analysis_jobs, p_in_full boolean)
returns table (job_id uuid, tenant_id text, user_id text, service_class smallint, status text,
               total_tweets integer, processed_tweets integer, failed_tweets integer,
               total_chunks integer, done_chunks integer, event_number integer, created_us bigint,
               updated_us bigint, completed_us bigint, deadline_us bigint, error text,
               tasks text[], prompt_tokens bigint, completion_tokens bigint, llm_calls integer,
               micros bigint,
               rejected_lines integer[], rejected_reasons text[], summaries text[],
               is_settled boolean)
language sql stable as $$
    select j.job_id, j.tenant_id, j.user_id, j.service_class, j.status, j.total_tweets,
           j.processed_tweets, j.failed_tweets, j.total_chunks, j.done_chunks, j.event_number,
           microseconds(j.created_at), microseconds(j.updated_at), microseconds(j.completed_at),
           microseconds(j.deadline_at), j.error, j.tasks, j.prompt_tokens, j.completion_tokens,
           j.llm_calls, j.micros, case when p_in_full then j.rejected_lines else '{}' end,
           case when p_in_full then j.rejected_reasons else '{}' end,
           case when p_in_full then array(
               select c.summary from chunks c where c.job_id = j.job_id and c.summary <> ''
               order by c.chunk_number limit 100) else '{}' end,
           is_terminal(j.status) and j.done_chunks = j.total_chunks
$$;

create function find_job(p_tenant text, p_job uuid) returns analysis_jobs
language plpgsql stable as $$
declare
    j analysis_jobs;
begin
    select * into j from analysis_jobs where job_id = p_job and tenant_id = p_tenant;
    if j.job_id is null then
        raise exception 'no such job' using errcode = 'TP404';
    end if;
    return j;
end $$;

-- Newest first; job ids sort by age.
create function list_jobs(p_tenant text, p_user text, p_statuses text[], p_before uuid,
                          p_limit integer) returns setof analysis_jobs
language plpgsql stable as $$
begin
    if p_user <> '' then
        return query
        select * from analysis_jobs
        where tenant_id = p_tenant and user_id = p_user
          and (p_before is null or job_id < p_before)
          and (p_statuses = '{}' or status = any (p_statuses))
        order by job_id desc limit p_limit;
    else
        return query
        select * from analysis_jobs
        where tenant_id = p_tenant
          and (p_before is null or job_id < p_before)
          and (p_statuses = '{}' or status = any (p_statuses))
        order by job_id desc limit p_limit;
    end if;
end $$;

-- One row at least, for the job's status; at most p_bytes of results, but one in any case.
create function read_results(p_tenant text, p_job uuid, p_from integer, p_limit integer,
                             p_bytes bigint)
returns table (status text, is_settled boolean, seq integer, post_id text, chunk_number integer,
               data text, provenance smallint, model text, prompt_version text,
               confidence double precision, reason text, text text, has_more boolean)
language plpgsql stable as $$
#variable_conflict use_column
declare
    j analysis_jobs := find_job(p_tenant, p_job);
begin
    return query
    with page as (
        select r.post_seq, p.post_id, r.chunk_number, r.result_data::text as data, r.provenance,
               r.model, r.prompt_version, r.confidence, r.reason, p.text
        from analysis_results r join posts p using (job_id, post_seq)
        where r.job_id = p_job and r.post_seq >= p_from
        order by r.post_seq limit p_limit + 1
    ), sized as (
        select page.*, row_number() over ahead as place,
               sum(octet_length(coalesce(data, '')) + octet_length(text) + 300) over ahead as bytes
        from page window ahead as (order by post_seq)
    )
    select j.status, is_terminal(j.status) and j.done_chunks = j.total_chunks, s.post_seq,
           s.post_id, s.chunk_number, s.data, s.provenance, s.model, s.prompt_version,
           s.confidence, s.reason, s.text,
           (select count(*) from sized) >
           (select count(*) from sized where place = 1 or place <= p_limit and bytes <= p_bytes)
    from (values (1)) once
    left join sized s on s.place = 1 or s.place <= p_limit and s.bytes <= p_bytes
    order by s.post_seq;
end $$;

create function read_events(p_tenant text, p_job uuid, p_after integer, p_limit integer)
returns setof event_view
language plpgsql stable as $$
declare
    j analysis_jobs := find_job(p_tenant, p_job);
begin
    return query
    select (v.event).* from (
        select event_of(j, e) as event, e.event_number
        from job_events e where e.job_id = p_job and e.event_number > p_after
        order by e.event_number limit p_limit) v
    order by v.event_number;
end $$;

create function authenticate(p_hash bytea)
returns table (tenant_id text, key_id uuid, role text, name text)
language sql stable as $$
    select tenant_id, key_id, role, name from api_keys
    where key_hash = p_hash and revoked_at is null
$$;

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
    chunks bigint[]
);

create function state_of(j analysis_jobs, p_with_done boolean) returns job_state
language sql stable as $$
    select row(j.job_id, j.tenant_id, j.user_id, j.service_class, j.status, j.event_number,
               microseconds(j.created_at), microseconds(j.deadline_at),
               chunks_numbered(j.job_id, array(
                   select c.chunk_number from chunks c
                   where c.job_id = j.job_id and (p_with_done or c.status <> 3))))::job_state
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

-- Calls that may still count in a window of p_window_ms; ordered by their grant.
create function snapshot_calls(p_epoch bigint, p_after_us bigint, p_after_call bigint,
                               p_window_ms bigint, p_limit integer)
returns table (is_fenced boolean, now_us bigint, granted_us bigint, call_id bigint, epoch bigint,
               granted_in_ms bigint, lease_in_ms bigint, is_settled boolean, settled_in_ms bigint,
               tokens integer, tenant_id text)
language plpgsql stable as $$
#variable_conflict use_column
declare
    t timestamptz := clock_timestamp();
    horizon timestamptz := t - p_window_ms * interval '1 ms';
begin
    if not is_epoch(p_epoch) then
        is_fenced := true;
        return next;
        return;
    end if;
    return query
    select false, microseconds(t), microseconds(c.granted_at), c.call_id, c.epoch,
           (extract(epoch from c.granted_at - t) * 1000)::bigint,
           (extract(epoch from c.lease_until - t) * 1000)::bigint, c.settled_at is not null,
           coalesce((extract(epoch from c.settled_at - t) * 1000)::bigint, 0),
           case when c.settled_at is null then c.reserved_tokens
                else least(c.tokens, 2147483647)::integer end, c.tenant_id
    from llm_calls c
    where c.granted_at > horizon - interval '1 hour'
      and (c.granted_at, c.call_id) >
          (timestamptz 'epoch' + p_after_us * interval '1 microsecond', p_after_call)
      and greatest(c.lease_until, c.settled_at) > horizon
    order by c.granted_at, c.call_id limit p_limit;
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
        where updated_at > timestamptz 'epoch' + p_since_us * interval '1 microsecond'
          and job_id > p_after
        order by job_id limit p_limit);
begin
    return query
    select t, s.state, s.has_more or cardinality(found_jobs) = p_limit
    from (values (1)) once left join states_of(found_jobs, true, p_chunks) s on true;
end $$;

-- Protocol step 10, and what the followers read (step 2).

-- A job as its tenant sees it. It is settled when it is over and no
-- chunk is in flight: then only its sums of usage can still change. What may be long is told only
-- where it is asked for in full.
create function job_row(j analysis_jobs, p_in_full boolean)
returns table (job_id uuid, tenant_id text, user_id text, service_class smallint, status text,
               total_tweets integer, processed_tweets integer, failed_tweets integer,
               total_chunks integer, done_chunks integer, event_number integer, created_us bigint,
               updated_us bigint, completed_us bigint, deadline_us bigint, error text,
               tasks text[], prompt_tokens bigint, completion_tokens bigint, llm_calls integer,
               micros bigint, instruction text, schema_json text,
               rejected_lines integer[], rejected_reasons text[], summaries text[],
               is_settled boolean)
language sql stable as $$
    select j.job_id, j.tenant_id, j.user_id, j.service_class, j.status, j.total_tweets,
           j.processed_tweets, j.failed_tweets, j.total_chunks, j.done_chunks, j.event_number,
           microseconds(j.created_at), microseconds(j.updated_at), microseconds(j.completed_at),
           microseconds(j.deadline_at), j.error, j.tasks, j.prompt_tokens, j.completion_tokens,
           j.llm_calls, j.micros, case when p_in_full then j.instruction else '' end,
           case when p_in_full then j.schema_json else '' end,
           case when p_in_full then j.rejected_lines else '{}' end,
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
    select * into j from analysis_jobs
    where job_id = p_job and tenant_id = p_tenant and not is_hidden;
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
        where tenant_id = p_tenant and user_id = p_user and not is_hidden
          and (p_before is null or job_id < p_before)
          and (p_statuses = '{}' or status = any (p_statuses))
        order by job_id desc limit p_limit;
    else
        return query
        select * from analysis_jobs
        where tenant_id = p_tenant and not is_hidden
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
               confidence double precision, reason text, text text, prompt_tokens integer,
               completion_tokens integer, nanos bigint, has_more boolean)
language plpgsql stable as $$
#variable_conflict use_column
declare
    j analysis_jobs := find_job(p_tenant, p_job);
begin
    return query
    with page as (
        select r.post_seq, p.post_id, r.chunk_number, r.result_data::text as data, r.provenance,
               r.model, r.prompt_version, r.confidence, r.reason, p.text, r.prompt_tokens,
               r.completion_tokens, r.nanos
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
           s.confidence, s.reason, s.text, s.prompt_tokens, s.completion_tokens, s.nanos,
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

-- The chunks of a job with what the calls of each have used; one row more than asked for tells that
-- there are more.
create function read_chunks(p_tenant text, p_job uuid, p_from integer, p_limit integer)
returns table (chunk_number integer, status smallint, attempts integer, tries integer,
               depth integer, open_posts integer, endpoint text,
               llm_calls bigint, prompt_tokens bigint, completion_tokens bigint, micros bigint,
               call_ms bigint)
language plpgsql stable as $$
#variable_conflict use_column
declare
    j analysis_jobs := find_job(p_tenant, p_job);
begin
    return query
    select c.chunk_number, c.status, c.attempt, c.tries, c.depth, cardinality(c.open_seqs),
           c.endpoint, used.*
    from chunks c cross join lateral (
        select count(*), coalesce(sum(l.prompt_tokens), 0)::bigint,
               coalesce(sum(l.completion_tokens), 0)::bigint, coalesce(sum(l.micros), 0)::bigint,
               coalesce(sum(l.call_ms), 0)::bigint
        from llm_calls l
        where l.job_id = c.job_id and l.chunk_number = c.chunk_number and l.was_called) used
    where c.job_id = j.job_id and c.chunk_number >= p_from
    order by c.chunk_number limit p_limit + 1;
end $$;

-- Usage of a tenant, or of all where none is named, and of a user likewise; by the groups of proto
-- UsageGroup. Keys are ordered byte by byte; one row more than asked for tells that there are more.
create function read_usage(p_tenant text, p_user text, p_from_ms bigint, p_to_ms bigint,
                           p_group smallint, p_has_after boolean, p_after text,
                           p_limit integer)
returns table (key text, calls bigint, unknown_calls bigint, prompt_tokens bigint,
               completion_tokens bigint, micros bigint, posts_from_llm bigint,
               posts_from_cache bigint, posts_from_near_duplicate bigint, posts_from_repair bigint,
               posts_from_embedded bigint)
language plpgsql stable as $$
#variable_conflict use_column
declare
    since timestamptz := hour_of(timestamptz 'epoch' + p_from_ms * interval '1 ms');
    until timestamptz := timestamptz 'epoch' + p_to_ms * interval '1 ms';
begin
    return query
    with keyed as (
        select u.*, case p_group
                        when 1 then u.tenant_id
                        when 2 then u.user_id
                        when 3 then u.model
                        when 4 then u.endpoint
                        when 5 then u.service_class::text
                        when 6 then to_char(u.began_at at time zone 'UTC', 'YYYY-MM-DD')
                        when 7 then to_char(u.began_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24')
                    end collate "C" as key
        from usage_hours u
        where u.began_at >= since and u.began_at < until
          and (p_tenant = '' or u.tenant_id = p_tenant) and (p_user = '' or u.user_id = p_user)
    )
    select k.key, sum(k.calls)::bigint, sum(k.unknown_calls)::bigint, sum(k.prompt_tokens)::bigint,
           sum(k.completion_tokens)::bigint, sum(k.micros)::bigint, sum(k.posts_from_llm)::bigint,
           sum(k.posts_from_cache)::bigint, sum(k.posts_from_near_duplicate)::bigint,
           sum(k.posts_from_repair)::bigint, sum(k.posts_from_embedded)::bigint
    from keyed k
    where not p_has_after or k.key > p_after
    group by k.key order by k.key limit p_limit + 1;
end $$;

create function authenticate(p_hash bytea)
returns table (tenant_id text, key_id uuid, role text, name text)
language sql stable as $$
    select tenant_id, key_id, role, name from api_keys
    where key_hash = p_hash and revoked_at is null
$$;

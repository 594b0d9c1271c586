-- What the store does by itself: the outbox's leftovers, and throwing away what has served.

create function unpublished_events(p_older_than_ms bigint, p_limit integer)
returns setof event_view
language sql stable as $$
    select (v.event).* from (
        select event_of(j, e) as event
        from job_events e join analysis_jobs j using (job_id)
        where e.published_at is null
          and e.created_at < clock_timestamp() - p_older_than_ms * interval '1 ms'
        order by e.created_at limit p_limit) v
$$;

create function mark_published(p_jobs uuid[], p_numbers integer[]) returns void
language sql as $$
    update job_events e set published_at = clock_timestamp()
    from (select * from unnest(p_jobs, p_numbers) as x (job_id, event_number)
          order by job_id, event_number) x
    where e.job_id = x.job_id and e.event_number = x.event_number and e.published_at is null
$$;

create function count_work() returns table (queued bigint, processing bigint, unpublished bigint)
language sql stable as $$
    select (select count(*) from analysis_jobs where status = 'queued' and not is_hidden),
           (select count(*) from analysis_jobs
            where status = 'processing' and not is_hidden),
           (select count(*) from job_events where published_at is null)
$$;

-- Hidden jobs that have been over for a while, with all that is theirs. What their calls cost stays
-- in llm_calls.
create function sweep_hidden_jobs(p_limit integer) returns bigint
language plpgsql as $$
declare
    due uuid[] := array(
        select job_id from analysis_jobs j
        where is_hidden and is_terminal(status) and done_chunks = total_chunks
          and completed_at < clock_timestamp() - interval '10 minutes'
          and not exists (select from audits a where a.job_id = j.job_id) -- not compared yet
        limit p_limit for update of j skip locked);
begin
    delete from posts where job_id = any (due);
    delete from chunks where job_id = any (due);
    delete from analysis_results where job_id = any (due);
    delete from job_events where job_id = any (due);
    delete from analysis_jobs where job_id = any (due);
    return cardinality(due);
end $$;

-- Bounded: what is left goes the next time. Answers how many rows went.
create function sweep(p_limit integer) returns bigint
language plpgsql as $$
declare
    swept bigint := 0;
    n bigint;
begin
    delete from upload_parts where ctid = any (array(
        select ctid from upload_parts
        where created_at < clock_timestamp() - interval '1 hour' limit p_limit));
    get diagnostics n = row_count;
    swept := swept + n;
    delete from idempotency_keys where ctid = any (array(
        select ctid from idempotency_keys
        where created_at < clock_timestamp() - interval '24 hours' limit p_limit));
    get diagnostics n = row_count;
    swept := swept + n;
    delete from job_events where ctid = any (array(
        select e.ctid from job_events e join analysis_jobs j using (job_id)
        where e.created_at < clock_timestamp() - interval '24 hours'
          and e.published_at is not null and is_terminal(j.status) limit p_limit));
    get diagnostics n = row_count;
    swept := swept + n;
    delete from usage_hours where ctid = any (array(
        select ctid from usage_hours
        where began_at < clock_timestamp() - interval '400 days' limit p_limit));
    get diagnostics n = row_count;
    swept := swept + n;
    delete from audit_hours where ctid = any (array(
        select ctid from audit_hours
        where began_at < clock_timestamp() - interval '400 days' limit p_limit));
    get diagnostics n = row_count;
    return swept + n + sweep_hidden_jobs(p_limit / 100);
end $$;

create function create_key(p_tenant text, p_key_id uuid, p_hash bytea, p_role text, p_name text)
returns void
language plpgsql as $$
begin
    insert into tenants (tenant_id) values (p_tenant) on conflict do nothing;
    insert into api_keys (key_id, tenant_id, key_hash, role, name)
    values (p_key_id, p_tenant, p_hash, p_role, p_name);
    insert into audit_log (by, what, after)
    values ('store --create-key', 'key',
            jsonb_build_object('key_id', p_key_id, 'tenant_id', p_tenant, 'role', p_role,
                               'name', p_name));
end $$;

-- Protocol step 1: a job becomes visible in one transaction, or not at all.
-- Errors that callers tell apart have codes of their own (sqlstate.c): TP403 denied, TP404 not
-- found, TP409 conflict, TP422 invalid, TP429 busy, TP503 unavailable.

create function submit_part(p_upload text, p_part integer, p_seqs integer[], p_ids text[],
                            p_texts text[], p_languages text[], p_chunks integer[]) returns void
language plpgsql as $$
begin
    perform check_draining('', '');
    insert into upload_parts (upload_id, part_number, seqs, ids, texts, languages, chunk_numbers)
    values (p_upload, p_part, p_seqs, p_ids, p_texts, p_languages, p_chunks)
    on conflict do nothing;
end $$;

-- The job made under this key, or null; another body under the same key is a conflict.
create function job_under_key(p_tenant text, p_key text, p_hash bytea) returns uuid
language plpgsql as $$
declare
    k idempotency_keys;
begin
    select * into k from idempotency_keys where tenant_id = p_tenant and idempotency_key = p_key;
    if k.body_hash <> p_hash then
        raise exception 'the idempotency key was used with another body' using errcode = 'TP409';
    end if;
    return k.job_id;
end $$;

-- Scheduling rule 10. What an operator sets for the user goes before the settings. The tenant's cap may be passed by as many as its users submit at once.
create function check_queue_room(p_tenant text, p_user text, p_user_cap integer,
                                 p_tenant_cap integer, p_is_full boolean) returns void
language plpgsql as $$
declare
    user_cap integer := coalesce(nullif((
        select unfinished_jobs from controls
        where (scope, tenant_id, name) = (4, p_tenant, p_user)), 0), p_user_cap);
begin
    if p_is_full then
        raise exception 'the queue is full' using errcode = 'TP503';
    end if;
    if (select count(*) from (
            select from analysis_jobs
            where tenant_id = p_tenant and user_id = p_user and status in ('queued', 'processing')
              and not is_hidden
            limit user_cap) unfinished) >= user_cap then
        raise exception 'the user has % unfinished jobs already', user_cap using errcode = 'TP429';
    end if;
    if (select count(*) from (
            select from analysis_jobs
            where tenant_id = p_tenant and status in ('queued', 'processing')
              and not is_hidden
            limit p_tenant_cap) unfinished) >= p_tenant_cap then
        raise exception 'the tenant has % unfinished jobs already', p_tenant_cap
            using errcode = 'TP429';
    end if;
end $$;

-- Moves the posts of the message and of its upload into place and cuts them into chunks; answers
-- how many chunks there are.
create function place_posts(p_job uuid, p_upload text, p_parts integer, p_total integer,
                            p_seqs integer[], p_ids text[], p_texts text[], p_languages text[],
                            p_chunks integer[], p_asked_bytes integer) returns integer
language plpgsql as $$
declare
    chunk_count integer;
begin
    if (select count(*) from upload_parts where upload_id = p_upload and part_number < p_parts)
       <> p_parts then
        raise exception 'the upload is incomplete' using errcode = 'TP503';
    end if;
    with given as (
        select * from unnest(p_seqs, p_ids, p_texts, p_languages, p_chunks)
            as x (seq, id, text, language, chunk_number)
        union all
        select x.*
        from upload_parts u, unnest(u.seqs, u.ids, u.texts, u.languages, u.chunk_numbers)
            as x (seq, id, text, language, chunk_number)
        where u.upload_id = p_upload and u.part_number < p_parts
    ), placed as (
        insert into posts select p_job, seq, id, text, language from given
    )
    insert into chunks (job_id, chunk_number, open_seqs, open_bytes, dispatch_bytes, asked_bytes)
    select p_job, chunk_number, array_agg(seq order by seq), sum(octet_length(text)),
           p_asked_bytes + sum(dispatch_bytes(row(p_job, seq, id, text, language))), p_asked_bytes
    from given group by chunk_number;
    get diagnostics chunk_count = row_count;
    -- The numbers are unique by the key of posts, so these three say there is no gap.
    if (select (count(*), min(post_seq), max(post_seq)) <> (p_total, 0, p_total - 1)
        from posts where job_id = p_job) then
        raise exception 'the posts are not numbered from 0 to %', p_total - 1 using errcode = 'TP422';
    end if;
    delete from upload_parts where upload_id = p_upload;
    return chunk_count;
end $$;

create function submit_job(p_job uuid, p_tenant text, p_user text, p_class smallint, p_tasks text[],
                           p_key text, p_hash bytea, p_deadline_ms bigint, p_upload text,
                           p_parts integer, p_total integer, p_seqs integer[], p_ids text[],
                           p_texts text[], p_languages text[], p_chunks integer[],
                           p_rejected_lines integer[], p_rejected_reasons text[],
                           p_user_cap integer, p_tenant_cap integer, p_is_full boolean,
                           p_queue_ttl_ms bigint, p_instruction text, p_schema_json text)
returns table (job_id uuid, is_replay boolean, event event_view)
language plpgsql as $$
#variable_conflict use_column
declare
    j analysis_jobs;
    known uuid;
    chunk_count integer;
begin
    -- One submit of a user at a time: repeats of a key wait for the first, and the cap is exact.
    perform pg_advisory_xact_lock(hashtextextended(p_tenant || E'\x1f' || p_user, 0));
    if p_key <> '' then
        known := job_under_key(p_tenant, p_key, p_hash);
        if known is not null then
            return query select known, true, null::event_view;
            return;
        end if;
    end if;
    if exists (select from analysis_jobs where job_id = p_job and tenant_id = p_tenant) then
        return query select p_job, true, null::event_view; -- the same call again
        return;
    end if;
    perform check_draining(p_tenant, p_user);
    perform check_queue_room(p_tenant, p_user, p_user_cap, p_tenant_cap, p_is_full);
    if p_key <> '' then
        insert into idempotency_keys (tenant_id, idempotency_key, body_hash, job_id)
        values (p_tenant, p_key, p_hash, p_job);
    end if;
    chunk_count := place_posts(p_job, p_upload, p_parts, p_total, p_seqs, p_ids, p_texts,
                               p_languages, p_chunks,
                               octet_length(p_instruction) + octet_length(p_schema_json));
    insert into analysis_jobs (job_id, tenant_id, user_id, service_class, tasks, instruction,
                               schema_json, total_tweets, total_chunks, event_number, deadline_at,
                               queue_until, rejected_lines, rejected_reasons)
    values (p_job, p_tenant, p_user, p_class, p_tasks, p_instruction, p_schema_json, p_total,
            chunk_count, 1,
            clock_timestamp() + p_deadline_ms * interval '1 ms',
            clock_timestamp() + nullif(p_queue_ttl_ms, 0) * interval '1 ms', p_rejected_lines,
            p_rejected_reasons)
    returning * into j;
    return query
    select p_job, false,
           add_event(j, 'submitted', array(select chunk_number from chunks where job_id = p_job));
end $$;

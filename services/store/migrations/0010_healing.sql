-- Scheduling rule 7: what the embedded analysis did for want of an endpoint is analysed again when one
-- is back, by background jobs of the same tenant and user that nobody but the scheduler sees. What
-- they find is brought to the job they heal with each commit: revise() in 0005_outcomes.sql. A post
-- is tried three times at most; the index analysis_results_to_heal holds those that are left.

-- A job of one chunk with these posts under their numbers. The healed job is locked.
create function make_healing_job(o analysis_jobs, p_seqs integer[]) returns event_view
language plpgsql as $$
declare
    h analysis_jobs;
    made uuid := gen_random_uuid();
    asked integer := octet_length(o.instruction) + octet_length(o.schema_json);
begin
    insert into posts
    select made, post_seq, post_id, text, language from posts
    where job_id = o.job_id and post_seq = any (p_seqs);
    insert into chunks (job_id, chunk_number, open_seqs, open_bytes, dispatch_bytes, asked_bytes)
    select made, 0, p_seqs, sum(octet_length(p.text)), asked + sum(dispatch_bytes(p)), asked
    from posts p where p.job_id = made;
    insert into analysis_jobs (job_id, tenant_id, user_id, service_class, tasks, instruction,
                               schema_json, total_tweets, total_chunks, event_number, deadline_at,
                               is_hidden, heals_job_id)
    values (made, o.tenant_id, o.user_id, 4, o.tasks, o.instruction, o.schema_json,
            cardinality(p_seqs), 1, 1, clock_timestamp() + interval '24 hours', true,
            o.job_id)
    returning * into h;
    update analysis_results set heals = heals + 1
    where job_id = o.job_id and post_seq = any (p_seqs);
    return add_event(h, 'submitted', array[0]);
end $$;

-- Cuts what is to be healed of a locked job into healing jobs, as submitted jobs are cut into chunks.
create function heal_job(o analysis_jobs, p_most_posts integer) returns setof event_view
language plpgsql as $$
declare
    post record;
    seqs integer[] := '{}';
    bytes bigint := 0;
begin
    for post in
        select r.post_seq, octet_length(p.text) as size
        from analysis_results r join posts p using (job_id, post_seq)
        where r.job_id = o.job_id and r.is_degraded and r.heals < 3
        order by r.post_seq limit p_most_posts
    loop
        if cardinality(seqs) = 100 or bytes + post.size > 262144 then
            return next make_healing_job(o, seqs);
            seqs := '{}';
            bytes := 0;
        end if;
        seqs := seqs || post.post_seq;
        bytes := bytes + post.size;
    end loop;
    if seqs <> '{}' then
        return next make_healing_job(o, seqs);
    end if;
end $$;

-- A row for each job made, and a last one that says how many posts there were, and whether to ask
-- again. Bounded to what takes well under a second; a job that is being healed waits until that is
-- over.
create function heal(p_epoch bigint, p_most_posts integer)
returns table (is_fenced boolean, posts integer, has_more boolean, event event_view)
language plpgsql as $$
#variable_conflict use_column
declare
    most integer := least(p_most_posts, 2000);
    found_jobs uuid[]; -- of each post
    o analysis_jobs;
begin
    perform pg_advisory_xact_lock(hashtextextended('heal', 0)); -- two would heal the same posts
    is_fenced := not is_epoch(p_epoch);
    posts := 0;
    found_jobs := array(
        select r.job_id from analysis_results r
        where r.is_degraded and r.heals < 3 and not is_fenced
          and not exists (select from analysis_jobs h
                          where h.heals_job_id = r.job_id and h.status in ('queued', 'processing'))
        order by r.job_id, r.post_seq limit most + 1);
    for o in
        select * from analysis_jobs
        where job_id = any (array(select distinct unnest(found_jobs) order by 1 limit 200))
        order by job_id for update
    loop
        exit when posts = most;
        for event in select * from heal_job(o, most - posts) loop
            posts := posts + event.total_tweets;
            return next;
        end loop;
    end loop;
    event := null;
    -- What is being healed counts: more of its job may come, and healing may fail.
    has_more := not is_fenced and exists (
        select from analysis_results where is_degraded and heals < 3);
    return next;
end $$;

-- Quality audits: the posts of a call are asked again in another order, and what the model says now
-- is compared with what it said then. An audit is a background job of the same tenant and user that
-- nobody but the scheduler sees. Nothing of the audited job ever changes.

-- Those that have not been compared yet.
create table audits (
    job_id uuid primary key,
    audited_job_id uuid not null
);

-- What was compared, hour by hour of its comparison. third: where in its call a post stood when it
-- was asked the first time.
create table audit_hours (
    began_at timestamptz not null,
    model text not null,
    prompt_version text not null,
    third smallint not null check (third between 1 and 3),
    posts bigint not null,
    agreed bigint not null, -- with the same sentiment label both times
    score_distance double precision not null, -- the sum over all posts
    posts_with_names bigint not null,
    names_overlap double precision not null, -- the sum over these
    primary key (began_at, model, prompt_version, third),
    check (agreed <= posts and posts_with_names <= posts)
);

-- Does an operator want anything but the usual of them? Then there is no time for audits.
create function is_undisturbed(p_tenant text, p_user text) returns boolean
language sql stable as $$
    select not exists (
        select from controls
        where (scope, tenant_id, name) in ((1, '', ''), (3, p_tenant, ''), (4, p_tenant, p_user))
          and state <> 1 and not is_removed)
$$;

-- A job of one chunk with the posts that the model answered in this attempt; no row if there is to
-- be none now.
create function make_audit(p_job uuid, p_chunk integer, p_attempt integer, p_order_seed bigint,
                           p_most integer) returns setof event_view
language plpgsql as $$
declare
    o analysis_jobs;
    h analysis_jobs;
    seqs integer[];
    asked integer;
    made uuid := gen_random_uuid();
begin
    perform pg_advisory_xact_lock(hashtextextended('audit', 0)); -- two would be more than most
    select * into o from analysis_jobs where job_id = p_job;
    seqs := array(
        select post_seq from analysis_results
        where job_id = p_job and chunk_number = p_chunk and attempt = p_attempt
          and provenance in (3, 5) and result_data #>> '{sentiment,label}' <> '' -- the LLM's
        order by post_seq);
    if cardinality(seqs) < 2 or o.is_hidden or not is_undisturbed(o.tenant_id, o.user_id)
       or (select count(*) from audits) >= p_most then
        return;
    end if;
    asked := octet_length(o.instruction) + octet_length(o.schema_json);
    insert into posts
    select made, post_seq, post_id, text, language from posts
    where job_id = p_job and post_seq = any (seqs);
    insert into chunks (job_id, chunk_number, open_seqs, open_bytes, dispatch_bytes, asked_bytes)
    select made, 0, seqs, sum(octet_length(p.text)), asked + sum(dispatch_bytes(p)), asked
    from posts p where p.job_id = made;
    insert into analysis_jobs (job_id, tenant_id, user_id, service_class, tasks, instruction,
                               schema_json, total_tweets, total_chunks, event_number, deadline_at,
                               is_hidden, order_seed)
    values (made, o.tenant_id, o.user_id, 4, o.tasks, o.instruction, o.schema_json,
            cardinality(seqs), 1, 1, clock_timestamp() + interval '1 hour', true, p_order_seed)
    returning * into h;
    insert into audits values (made, p_job);
    return next add_event(h, 'submitted', array[0]);
end $$;

-- The names in a result; none if it is not as results are.
create function names_in(data jsonb) returns setof jsonb
language sql immutable as $$
    select jsonb_array_elements(case when jsonb_typeof(data #> '{entities,names}') = 'array'
                                     then data #> '{entities,names}' end)
$$;

-- The score of a result, within its bounds; null likewise.
create function score_in(data jsonb) returns double precision
language sql immutable as $$
    select case when jsonb_typeof(data #> '{sentiment,score}') = 'number'
                then greatest(-1, least(1, (data #> '{sentiment,score}')::numeric)) end
$$;

-- How much of the names in two results is in both, from 0 to 1; null if neither has any.
create function names_overlap(a jsonb, b jsonb) returns double precision
language sql immutable as $$
    select count(*) filter (where in_a and in_b)::double precision / nullif(count(*), 0)
    from (select bool_or(is_a) as in_a, bool_or(not is_a) as in_b
          from (select true as is_a, names_in(a) as name
                union all
                select false, names_in(b)) named
          group by lower(name ->> 'text')) names
$$;

-- Post by post what was answered twice by the same model to the same version of the prompt. What an
-- audit has no answer to is not compared.
create function audited_posts(p_audits uuid[])
returns table (audit uuid, model text, prompt_version text, third smallint, is_agreed boolean,
               score_distance double precision, names_overlap double precision)
language sql stable as $$
    with asked as (
        select a.job_id, a.audited_job_id, p.post_seq,
               1 + 3 * (row_number() over (partition by a.job_id order by p.post_seq) - 1)
                   / count(*) over (partition by a.job_id) as third
        from audits a join posts p on p.job_id = a.job_id
        where a.job_id = any (p_audits)
    )
    select q.job_id, o.model, o.prompt_version, q.third::smallint,
           coalesce(o.result_data #>> '{sentiment,label}' = r.result_data #>> '{sentiment,label}',
                    false),
           coalesce(abs(score_in(o.result_data) - score_in(r.result_data)), 0),
           names_overlap(o.result_data, r.result_data)
    from asked q
    join analysis_results o on o.job_id = q.audited_job_id and o.post_seq = q.post_seq
    join analysis_results r on r.job_id = q.job_id and r.post_seq = q.post_seq
    where o.provenance in (3, 5) and r.provenance in (3, 5) and o.model = r.model
      and o.prompt_version = r.prompt_version
$$;

-- Compares audits that are over, each once, and adds up what is found. No row if there are none,
-- else one for each model, version and third; and how many audits there were to compare, and how
-- many without an answer.
create function settle_audits(p_limit integer)
returns table (compared bigint, dropped bigint, model text, prompt_version text, third smallint,
               posts bigint, agreed bigint)
language plpgsql as $$
#variable_conflict use_column
declare
    due uuid[] := array(
        select a.job_id from audits a left join analysis_jobs j using (job_id)
        where j.job_id is null or is_terminal(j.status)
        order by a.job_id limit p_limit for update of a skip locked);
begin
    if due = '{}' then
        return;
    end if;
    return query
    with compared as materialized (
        select * from audited_posts(due)
    ), counted as (
        select model, prompt_version, third, count(*) as posts,
               count(*) filter (where is_agreed) as agreed, sum(score_distance) as score_distance,
               count(names_overlap) as posts_with_names,
               coalesce(sum(names_overlap), 0) as names_overlap
        from compared group by model, prompt_version, third
    ), added as (
        insert into audit_hours as h
        select hour_of(clock_timestamp()), c.* from counted c
        order by model, prompt_version, third
        on conflict (began_at, model, prompt_version, third) do update
        set posts = h.posts + excluded.posts, agreed = h.agreed + excluded.agreed,
            score_distance = h.score_distance + excluded.score_distance,
            posts_with_names = h.posts_with_names + excluded.posts_with_names,
            names_overlap = h.names_overlap + excluded.names_overlap
    ), answered as (
        select count(distinct audit) as audits from compared
    )
    select a.audits, cardinality(due) - a.audits, c.model, c.prompt_version, c.third, c.posts,
           c.agreed
    from answered a left join counted c on true;
    delete from audits where job_id = any (due);
end $$;

-- By model and version, each with its thirds: posts and those agreed.
create function read_audit(p_from_us bigint, p_limit integer)
returns table (model text, prompt_version text, thirds bigint[], score_distance double precision,
               posts_with_names bigint, names_overlap double precision)
language sql stable as $$
    select model, prompt_version,
           array[coalesce(sum(posts) filter (where third = 1), 0),
                 coalesce(sum(agreed) filter (where third = 1), 0),
                 coalesce(sum(posts) filter (where third = 2), 0),
                 coalesce(sum(agreed) filter (where third = 2), 0),
                 coalesce(sum(posts) filter (where third = 3), 0),
                 coalesce(sum(agreed) filter (where third = 3), 0)]::bigint[],
           sum(score_distance) / sum(posts), sum(posts_with_names)::bigint,
           coalesce(sum(names_overlap) / nullif(sum(posts_with_names), 0), 0)
    from audit_hours
    where began_at >= hour_of(timestamptz 'epoch' + p_from_us * interval '1 microsecond')
    group by model, prompt_version order by model, prompt_version limit p_limit
$$;

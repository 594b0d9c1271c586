-- Protocol steps 3, 8 and 9: who leads, and the leader's numbered batches. The numbers of
-- operations, results and statuses are those of proto/grant.proto.

create function take_lease(p_holder text, p_life_ms bigint, p_is_resigning boolean)
returns table (is_held boolean, epoch bigint, left_ms bigint)
language plpgsql as $$
#variable_conflict use_column
declare
    l leases;
    t timestamptz;
begin
    select * into strict l from leases where name = 'scheduler' for update;
    t := clock_timestamp();
    if p_is_resigning then
        if l.holder = p_holder then
            update leases set expires_at = least(expires_at, t) where name = 'scheduler';
            l.expires_at := t;
        end if;
    elsif l.holder = p_holder and l.expires_at > t then
        l.expires_at := t + p_life_ms * interval '1 ms';
        update leases set expires_at = l.expires_at where name = 'scheduler';
    elsif l.expires_at <= t then
        -- A lapsed lease begins a new epoch even for its old holder: what was granted or permitted
        -- in between is unknown to it.
        update leases
        set holder = p_holder, epoch = epoch + 1, expires_at = t + p_life_ms * interval '1 ms',
            batch_sequence = 0, batch_reply = '{}'
        where name = 'scheduler' returning * into l;
    end if;
    return query
    select l.holder = p_holder and l.expires_at > t, l.epoch,
           greatest(0, extract(epoch from l.expires_at - t) * 1000)::bigint;
end $$;

-- What a call is charged, in tokens and in money, which is rounded up: nothing if it was not made,
-- and what was reserved if its usage is unknown.
create function charged_tokens(c llm_calls, p_was_called boolean, p_is_known boolean,
                               p_prompt integer, p_completion integer) returns bigint
language sql immutable as $$
    select case when not p_was_called then 0
                when p_is_known then p_prompt::bigint + p_completion
                else c.reserved_tokens end
$$;

create function charged_micros(c llm_calls, p_was_called boolean, p_is_known boolean,
                               p_prompt integer, p_completion integer) returns bigint
language sql immutable as $$
    select case when not p_was_called then 0
                when p_is_known then (p_prompt::bigint * c.prompt_nanos +
                                      p_completion::bigint * c.completion_nanos + 999) / 1000
                else c.reserved_micros end
$$;

-- Settles the attempt's call once and adds it to the job's sums. An attempt without a call
-- (embedded) has no row. Answers what it cost if it settled now, else null.
create function settle_call(p_job uuid, p_chunk integer, p_attempt integer, p_was_called boolean,
                            p_is_known boolean, p_prompt integer, p_completion integer,
                            p_class smallint, p_call_ms integer, p_model text,
                            p_asked integer[]) returns bigint
language plpgsql as $$
declare
    spent bigint;
begin
    update llm_calls l
    set settled_at = clock_timestamp(), was_called = p_was_called, is_usage_known = p_is_known,
        prompt_tokens = p_prompt, completion_tokens = p_completion, outcome_class = p_class,
        call_ms = p_call_ms, model = p_model, asked = p_asked,
        tokens = charged_tokens(l, p_was_called, p_is_known, p_prompt, p_completion),
        micros = charged_micros(l, p_was_called, p_is_known, p_prompt, p_completion)
    where job_id = p_job and chunk_number = p_chunk and attempt = p_attempt
      and settled_at is null
    returning micros into spent;
    if spent is not null and p_was_called then
        update analysis_jobs
        set prompt_tokens = prompt_tokens + p_prompt,
            completion_tokens = completion_tokens + p_completion,
            llm_calls = llm_calls + 1, micros = micros + spent
        where job_id = p_job;
    end if;
    return spent;
end $$;

-- Adds to usage_hours the calls that have just settled, whose p_spent is not null, and the results
-- committed: of outcome i, those from the LLM, cache, near duplicates, repair and the embedded
-- analysis are p_origins[5i - 4] to [5i]. Last of all that is locked, and in the order of the key, so
-- that no two wait for each other.
create function count_usage(p_jobs uuid[], p_chunks integer[], p_attempts integer[],
                            p_spent bigint[], p_committed boolean[], p_models text[],
                            p_origins integer[]) returns void
language plpgsql as $$
declare
    t timestamptz := clock_timestamp();
begin
    insert into usage_hours as u
    select coalesce(l.tenant_id, j.tenant_id), hour_of(coalesce(l.settled_at, t)),
           coalesce(l.user_id, j.user_id), coalesce(l.service_class, j.service_class),
           coalesce(l.endpoint, ''), p_models[i.item],
           count(*) filter (where i.spent is not null and l.was_called),
           count(*) filter (where i.spent is not null and l.was_called and not l.is_usage_known),
           coalesce(sum(l.prompt_tokens) filter (where i.spent is not null and l.was_called), 0),
           coalesce(sum(l.completion_tokens) filter (where i.spent is not null and l.was_called), 0),
           coalesce(sum(l.micros) filter (where i.spent is not null and l.was_called), 0)::bigint,
           coalesce(sum(p_origins[5 * i.item - 4]) filter (where i.is_committed), 0),
           coalesce(sum(p_origins[5 * i.item - 3]) filter (where i.is_committed), 0),
           coalesce(sum(p_origins[5 * i.item - 2]) filter (where i.is_committed), 0),
           coalesce(sum(p_origins[5 * i.item - 1]) filter (where i.is_committed), 0),
           coalesce(sum(p_origins[5 * i.item]) filter (where i.is_committed), 0)
    from unnest(p_jobs, p_chunks, p_attempts, p_spent, p_committed)
         with ordinality i (job_id, number, attempt, spent, is_committed, item)
    left join llm_calls l
    on l.job_id = i.job_id and l.chunk_number = i.number and l.attempt = i.attempt
    left join analysis_jobs j on j.job_id = i.job_id
    where i.spent is not null and l.was_called or i.is_committed
    group by 1, 2, 3, 4, 5, 6
    order by 1, 2, 3, 4, 5, 6
    on conflict (tenant_id, began_at, user_id, service_class, endpoint, model) do update
    set calls = u.calls + excluded.calls, unknown_calls = u.unknown_calls + excluded.unknown_calls,
        prompt_tokens = u.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = u.completion_tokens + excluded.completion_tokens,
        micros = u.micros + excluded.micros,
        posts_from_llm = u.posts_from_llm + excluded.posts_from_llm,
        posts_from_cache = u.posts_from_cache + excluded.posts_from_cache,
        posts_from_near_duplicate = u.posts_from_near_duplicate + excluded.posts_from_near_duplicate,
        posts_from_repair = u.posts_from_repair + excluded.posts_from_repair,
        posts_from_embedded = u.posts_from_embedded + excluded.posts_from_embedded;
end $$;

-- What a grant says of the call to come, as llm_calls keeps it.
create type call_terms as (
    endpoint text,
    reserved_tokens integer,
    reserved_micros bigint,
    prompt_nanos integer,
    completion_nanos integer,
    is_probe boolean
);

create function grant_chunk(p_epoch bigint, p_job uuid, p_chunk integer, p_mode smallint,
                            p_is_degraded boolean, p_terms call_terms, p_lease_ms integer,
                            p_lane integer, out line batch_line, out event event_view)
language plpgsql as $$
declare
    j analysis_jobs;
    c chunks;
    t timestamptz := clock_timestamp();
begin
    select * into j from analysis_jobs where job_id = p_job;
    select * into c from chunks where job_id = p_job and chunk_number = p_chunk;
    if c.job_id is null or is_terminal(j.status) or c.status <> 1 then
        line := row(3, 0, 0); -- gone
        return;
    end if;
    if c.retry_at > t then
        line := row(2, 0, 0); -- busy: not yet due
        return;
    end if;
    insert into in_flight values (j.tenant_id, j.user_id, p_lane, p_job, p_chunk, c.attempt + 1)
    on conflict do nothing;
    if not found then
        line := row(2, 0, 0); -- busy: another chunk of the user is in flight
        return;
    end if;
    update chunks
    set status = 2, version = version + 1, attempt = attempt + 1, epoch = p_epoch, lane = p_lane,
        mode = p_mode, is_degraded = p_is_degraded, endpoint = p_terms.endpoint,
        lease_until = t + p_lease_ms * interval '1 ms'
    where job_id = p_job and chunk_number = p_chunk
    returning * into c;
    if p_mode = 1 then
        insert into llm_calls (job_id, chunk_number, attempt, tenant_id, user_id, service_class,
                               epoch, endpoint, reserved_tokens, reserved_micros, prompt_nanos,
                               completion_nanos, is_probe, granted_at, lease_until)
        values (p_job, p_chunk, c.attempt, j.tenant_id, j.user_id, j.service_class, p_epoch,
                p_terms.endpoint, p_terms.reserved_tokens, p_terms.reserved_micros,
                p_terms.prompt_nanos, p_terms.completion_nanos, p_terms.is_probe, t, c.lease_until);
    end if;
    if j.status = 'queued' then
        update analysis_jobs
        set status = 'processing', event_number = event_number + 1, updated_at = clock_timestamp()
        where job_id = p_job returning * into j;
        event := add_event(j, 'started', array[p_chunk]);
    else
        update analysis_jobs set updated_at = clock_timestamp() where job_id = p_job;
    end if;
    line := row(1, c.attempt, 0); -- granted
end $$;

-- What reap and release do alike: out of flight, to be granted again unless the job is over.
create function take_back(p_job uuid, p_chunk integer, p_tries integer) returns void
language plpgsql as $$
declare
    j analysis_jobs;
    c chunks;
begin
    select * into j from analysis_jobs where job_id = p_job;
    select * into c from chunks where job_id = p_job and chunk_number = p_chunk;
    perform free_place(j, c);
    update chunks
    set status = case when is_terminal(j.status) then 3 else 1 end, version = version + 1,
        tries = tries + p_tries
    where job_id = p_job and chunk_number = p_chunk;
    update analysis_jobs
    set updated_at = clock_timestamp(),
        done_chunks = done_chunks + case when is_terminal(status) then 1 else 0 end
    where job_id = p_job;
end $$;

create function reap_chunk(p_job uuid, p_chunk integer, p_attempt integer, p_is_charged boolean)
returns batch_line
language plpgsql as $$
declare
    c chunks;
begin
    select * into c from chunks where job_id = p_job and chunk_number = p_chunk;
    if c.job_id is null or c.status <> 2 or c.attempt <> p_attempt then
        return row(3, 0, 0)::batch_line; -- gone
    end if;
    if c.lease_until > clock_timestamp() then
        return row(4, 0, 0)::batch_line; -- early
    end if;
    perform take_back(p_job, p_chunk, case when p_is_charged then 1 else 0 end);
    return row(5, 0, 0)::batch_line; -- reaped; a call that may have run stays booked until its outcome comes
end $$;

create function release_chunk(p_epoch bigint, p_job uuid, p_chunk integer, p_attempt integer)
returns batch_line
language plpgsql as $$
declare
    c chunks;
begin
    select * into c from chunks where job_id = p_job and chunk_number = p_chunk;
    if c.job_id is null or c.status <> 2 or c.attempt <> p_attempt or c.epoch <> p_epoch then
        return row(3, 0, 0)::batch_line; -- gone
    end if;
    perform take_back(p_job, p_chunk, 0);
    -- Never permitted and sworn off: no call can have been made.
    perform settle_call(p_job, p_chunk, p_attempt, false, true, 0, 0, 0::smallint, 0, '',
                        null);
    return row(6, 0, 0)::batch_line; -- released
end $$;

-- Scheduling rule 6: a chunk as submitted has three tries, a part of a split one has one.
create function tries_of(p_depth integer) returns integer
language sql immutable as $$
    select case when p_depth = 0 then 3 else 1 end
$$;

create function add_part(c chunks, p_number integer, p_seqs integer[]) returns void
language sql as $$
    insert into chunks (job_id, chunk_number, depth, last_class, open_seqs, open_bytes,
                        dispatch_bytes, asked_bytes)
    select c.job_id, p_number, c.depth + 1, c.last_class, p_seqs, sum(octet_length(p.text)),
           c.asked_bytes + sum(dispatch_bytes(p)), c.asked_bytes
    from posts p where p.job_id = c.job_id and p.post_seq = any (p_seqs)
$$;

create function split_chunk(p_job uuid, p_chunk integer, out line batch_line, out event event_view)
language plpgsql as $$
declare
    j analysis_jobs;
    c chunks;
    half integer;
    part integer;
begin
    select * into j from analysis_jobs where job_id = p_job;
    select * into c from chunks where job_id = p_job and chunk_number = p_chunk;
    half := cardinality(c.open_seqs) / 2;
    if c.job_id is null or is_terminal(j.status) or c.status <> 1 or c.tries < tries_of(c.depth)
       or half = 0 then
        line := row(3, 0, 0); -- gone
        return;
    end if;
    part := (select max(chunk_number) + 1 from chunks where job_id = p_job);
    perform add_part(c, part, c.open_seqs[:half]);
    perform add_part(c, part + 1, c.open_seqs[half + 1:]);
    update chunks set status = 3, version = version + 1, open_seqs = '{}', open_bytes = 0
    where job_id = p_job and chunk_number = p_chunk;
    update analysis_jobs
    set total_chunks = total_chunks + 2, done_chunks = done_chunks + 1,
        event_number = event_number + 1, updated_at = clock_timestamp()
    where job_id = p_job returning * into j;
    event := add_event(j, 'split', array[p_chunk, part, part + 1]);
    line := row(7, 0, part); -- split
end $$;

-- Most grants are plain: of a ready chunk of a job that goes on, alone of their job, user and lane
-- in the batch. A statement costs more than a row of it, so all plain grants of a batch are made by
-- these few; one statement's parts see the rows as they were before it. The others, and those whose
-- user proves busy, are left to grant_chunk(), one by one. Each chunk is looked up by itself: a plan
-- made while the tables are empty would read all chunks of its job.
create function grant_plain(p_epoch bigint, p_operations smallint[], p_jobs uuid[],
                            p_chunks integer[], p_modes smallint[], p_degraded boolean[],
                            p_terms call_terms[], p_leases_ms integer[], p_lanes integer[],
                            p_room bigint)
returns table (item integer, attempt integer, bytes bigint, event event_view)
language plpgsql as $$
#variable_conflict use_column
declare
    t timestamptz := clock_timestamp();
begin
    return query
    with ready as (
        select i.item, i.job_id, i.number, j.tenant_id, j.user_id, j.service_class, c.attempt + 1 as attempt,
               j.status = 'queued' as is_first,
               c.dispatch_bytes::bigint as bytes,
               sum(c.dispatch_bytes) over (order by i.item) as bytes_so_far,
               count(*) over (partition by j.tenant_id, j.user_id, p_lanes[i.item]) as of_lane
        from unnest(p_jobs, p_chunks) with ordinality i (job_id, number, item)
        join analysis_jobs j on j.job_id = i.job_id
        cross join lateral (select * from chunks
                            where job_id = i.job_id and chunk_number = i.number offset 0) c
        where p_operations[i.item] = 1 and cardinality(array_positions(p_jobs, i.job_id)) = 1
          and c.status = 1 and c.retry_at <= t and not is_terminal(j.status)
    ), placed as (
        insert into in_flight (tenant_id, user_id, lane, job_id, chunk_number, attempt)
        select tenant_id, user_id, p_lanes[item], job_id, number, attempt
        from ready where of_lane = 1 and bytes_so_far <= p_room
        on conflict do nothing
        returning job_id
    ), granted as (
        select r.* from ready r join placed p on p.job_id = r.job_id
    ), chunk as (
        update chunks c
        set status = 2, version = version + 1, attempt = g.attempt, epoch = p_epoch,
            lane = p_lanes[g.item], mode = p_modes[g.item], is_degraded = p_degraded[g.item],
            endpoint = p_terms[g.item].endpoint,
            lease_until = t + p_leases_ms[g.item] * interval '1 ms'
        from granted g
        where c.job_id = g.job_id and c.chunk_number = g.number
        returning c.job_id, chunk_numbers(c) as numbers
    ), called as (
        insert into llm_calls (job_id, chunk_number, attempt, tenant_id, user_id, service_class,
                               epoch, endpoint, reserved_tokens, reserved_micros, prompt_nanos,
                               completion_nanos, is_probe, granted_at, lease_until)
        select job_id, number, attempt, tenant_id, user_id, service_class, p_epoch,
               p_terms[item].endpoint,
               p_terms[item].reserved_tokens, p_terms[item].reserved_micros,
               p_terms[item].prompt_nanos, p_terms[item].completion_nanos,
               p_terms[item].is_probe, t,
               t + p_leases_ms[item] * interval '1 ms'
        from granted where p_modes[item] = 1
    ), job as (
        update analysis_jobs j
        set status = 'processing', event_number = event_number + g.is_first::integer,
            updated_at = clock_timestamp()
        from granted g
        where j.job_id = g.job_id
        returning j
    ), happened as (
        insert into job_events as e (job_id, event_number, kind, status, processed_tweets,
                                     failed_tweets, total_chunks, done_chunks, chunks)
        select g.job_id, (j).event_number, 'started', (j).status, (j).processed_tweets,
               (j).failed_tweets, (j).total_chunks, (j).done_chunks, c.numbers
        from granted g join job on (j).job_id = g.job_id join chunk c on c.job_id = g.job_id
        where g.is_first
        returning e
    )
    select g.item::integer, g.attempt, g.bytes, event_of(j, e)
    from granted g
    left join (happened join job on (j).job_id = (e).job_id) on (e).job_id = g.job_id;
end $$;

-- Carries out the items in order, the jobs' rows locked before. Grants that no longer fit into one
-- message to the leader are answered busy: it asks for them again.
create function run_items(p_epoch bigint, p_operations smallint[], p_jobs uuid[],
                          p_chunks integer[], p_attempts integer[], p_charged boolean[],
                          p_modes smallint[], p_degraded boolean[], p_terms call_terms[],
                          p_leases_ms integer[], p_lanes integer[], out lines batch_line[], out events event_view[])
language plpgsql as $$
declare
    answer record;
    room bigint := 850000;
begin
    lines := '{}';
    perform from analysis_jobs where job_id = any (p_jobs) order by job_id for update;
    for answer in
        select * from grant_plain(p_epoch, p_operations, p_jobs, p_chunks, p_modes, p_degraded,
                                  p_terms, p_leases_ms, p_lanes, room)
    loop
        lines[answer.item] := row(1, answer.attempt, 0); -- granted
        events[answer.item] := answer.event;
        room := room - answer.bytes;
    end loop;
    for i in 1 .. cardinality(p_operations) loop
        if lines[i] is not null then
            continue;
        end if;
        case p_operations[i]
        when 1 then
            room := room - coalesce((select c.dispatch_bytes from chunks c
                where c.job_id = p_jobs[i] and c.chunk_number = p_chunks[i] and c.status = 1), 0);
            if room >= 0 then
                select * into answer
                from grant_chunk(p_epoch, p_jobs[i], p_chunks[i], p_modes[i], p_degraded[i],
                                 p_terms[i], p_leases_ms[i], p_lanes[i]);
            else
                select row(2, 0, 0)::batch_line as line, null::event_view as event into answer;
            end if;
        when 2 then
            select reap_chunk(p_jobs[i], p_chunks[i], p_attempts[i], p_charged[i]) as line,
                   null::event_view as event into answer;
        when 3 then
            select release_chunk(p_epoch, p_jobs[i], p_chunks[i], p_attempts[i]) as line,
                   null::event_view as event into answer;
        when 4 then
            select * into answer from split_chunk(p_jobs[i], p_chunks[i]);
        end case;
        lines[i] := answer.line;
        events[i] := answer.event;
    end loop;
end $$;

-- The reply's lines: the verdicts as kept, chunks as they now are, and of each granted one the posts
-- to send. What was granted but is no longer in flight by that attempt is gone.
create function batch_lines(p_lines batch_line[], p_jobs uuid[], p_chunks integer[])
returns table (status integer, item integer, result smallint, job_status text, now_us bigint,
               chunk bigint[], parts bigint[], tenant_id text, user_id text,
               service_class smallint, tasks text[], instruction text, schema_json text,
               attempt integer, endpoint text, order_seed bigint,
               seqs integer[], ids text[], texts text[], languages text[])
language sql stable as $$
    select 1, i.item::integer,
           case when line.result = 1 and d.seqs is null then 3::smallint else line.result end,
           j.status, (extract(epoch from clock_timestamp()) * 1000000)::bigint,
           case when c.job_id is not null then chunk_numbers(c) end,
           case when line.result = 7
                then chunks_numbered(j.job_id, array[line.first_part, line.first_part + 1]) end,
           j.tenant_id, j.user_id, j.service_class, j.tasks,
           case when line.result = 1 then j.instruction else '' end,
           case when line.result = 1 then j.schema_json else '' end, line.attempt, c.endpoint, j.order_seed,
           d.seqs, d.ids, d.texts, d.languages
    from unnest(p_jobs, p_chunks) with ordinality i (job_id, chunk_number, item)
    join unnest(p_lines) with ordinality line (result, attempt, first_part, item) using (item)
    left join analysis_jobs j on j.job_id = i.job_id
    left join chunks c on c.job_id = i.job_id and c.chunk_number = i.chunk_number
    left join lateral (
        select array_agg(p.post_seq) as seqs, array_agg(p.post_id) as ids,
               array_agg(p.text) as texts, array_agg(p.language) as languages
        from (select * from posts
              where line.result = 1 and c.status = 2 and c.attempt = line.attempt
                and job_id = c.job_id
                and post_seq between c.open_seqs[1] and c.open_seqs[cardinality(c.open_seqs)]
                and (c.open_seqs[cardinality(c.open_seqs)] - c.open_seqs[1] + 1
                         = cardinality(c.open_seqs) -- nothing in between is answered yet
                     or array_position(c.open_seqs, post_seq) > 0)
              order by post_seq) p) d on true
    order by i.item
$$;

-- A repeat of the last number gets the same verdicts.
create function run_batch(p_holder text, p_epoch bigint, p_sequence bigint,
                          p_operations smallint[], p_jobs uuid[], p_chunks integer[],
                          p_attempts integer[], p_charged boolean[], p_modes smallint[],
                          p_reserved integer[], p_leases_ms integer[], p_lanes integer[],
                          p_endpoints text[], p_reserved_micros bigint[], p_prompt_nanos integer[],
                          p_completion_nanos integer[], p_degraded boolean[],
                          p_probes boolean[])
returns table (status integer, item integer, result smallint, job_status text, now_us bigint,
               chunk bigint[], parts bigint[], tenant_id text, user_id text,
               service_class smallint, tasks text[], instruction text, schema_json text,
               attempt integer, endpoint text, order_seed bigint,
               seqs integer[], ids text[], texts text[], languages text[], event event_view)
language plpgsql as $$
#variable_conflict use_column
declare
    l leases;
    done record;
begin
    -- Locked for writing, because it keeps the answer; so it also fences against a takeover.
    select * into strict l from leases where name = 'scheduler' for update;
    status := case when l.holder <> p_holder or l.epoch <> p_epoch
                        or l.expires_at <= clock_timestamp() then 2 -- fenced
                   when p_sequence < l.batch_sequence then 3 -- old
                   else 1 end;
    if status <> 1 then
        return next;
        return;
    end if;
    if p_sequence > l.batch_sequence then
        select * into done
        from run_items(p_epoch, p_operations, p_jobs, p_chunks, p_attempts, p_charged, p_modes,
                       p_degraded,
                       array(select row(e, r, m, p, c, b)::call_terms
                             from unnest(p_endpoints, p_reserved, p_reserved_micros, p_prompt_nanos,
                                         p_completion_nanos, p_probes) as x (e, r, m, p, c, b)),
                       p_leases_ms, p_lanes);
        update leases set batch_sequence = p_sequence, batch_reply = done.lines
        where name = 'scheduler';
        return query
        select r.*, done.events[r.item] from batch_lines(done.lines, p_jobs, p_chunks) r;
    else
        return query
        select r.*, null::event_view from batch_lines(l.batch_reply, p_jobs, p_chunks) r;
    end if;
end $$;

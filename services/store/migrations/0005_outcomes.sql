-- Protocol step 7, and what ends a job early (rule 8).

-- Is the failure the chunk's or the answer's fault? Then it is a try. Trouble of the provider or
-- of the way there is none. The numbers are those of proto OutcomeClass.
create function is_charged(p_class smallint, p_is_complete boolean) returns boolean
language sql immutable as $$
    select case
        when p_class in (1, 2) then not p_is_complete -- ok, partial
        else p_class in (5, 6, 7, 8, 9, 12) -- too large, truncated, invalid, filtered, timeout, bad
    end
$$;

-- Too large, truncated or filtered: repeating it whole is useless, so its tries are used up.
create function must_split(p_class smallint) returns boolean
language sql immutable as $$
    select p_class in (5, 6, 8)
$$;

-- Scheduling rule 6: an answer that brings a quarter of the open posts is progress, and no failure.
create function is_progress(p_class smallint, p_answered integer, p_open integer) returns boolean
language sql immutable as $$
    select p_class in (1, 2) and 4 * p_answered >= p_open -- ok, partial
$$;

-- Scheduling rule 6: what the server asks for, at most an hour; at least 2 s x try after a charged
-- failure, else half a second to two, so that chunks do not come back all at once.
create function retry_delay(p_tries integer, p_is_charged boolean, p_retry_after_ms bigint)
returns interval
language sql volatile as $$
    select greatest(
        least(p_retry_after_ms, 3600000) * interval '1 ms',
        case when p_is_charged then p_tries * (0.75 + 0.5 * random()) * interval '2 s'
             when p_retry_after_ms > 0 then interval '0'
             else (0.5 + 1.5 * random()) * interval '1 s' end)
$$;

-- Of a token, in billionths of a dollar; bigint so that products of tokens are.
create type token_price as (prompt_nanos bigint, completion_nanos bigint);

-- What each attempt's call was granted at; null where it did not tell what it used.
create function prices_of(p_jobs uuid[], p_chunks integer[], p_attempts integer[],
                          p_called boolean[], p_known boolean[])
returns token_price[]
language plpgsql stable as $$
begin
    return array(
        select row(case when i.is_told then coalesce(l.prompt_nanos, 0) end,
                   case when i.is_told then coalesce(l.completion_nanos, 0) end)::token_price
        from (select job_id, number, attempt, item, not is_called or is_known as is_told
              from unnest(p_jobs, p_chunks, p_attempts, p_called, p_known)
                   with ordinality x (job_id, number, attempt, is_called, is_known, item)) i
        left join llm_calls l
        on l.job_id = i.job_id and l.chunk_number = i.number and l.attempt = i.attempt
        order by i.item);
end $$;

-- Only what a call answered to a post itself cost anything: as it came, or repaired.
create function nanos_of(p_provenance smallint, p_prompt integer, p_completion integer,
                         p_prompt_nanos bigint, p_completion_nanos bigint) returns bigint
language sql immutable as $$
    select case when p_provenance in (3, 5)
                then p_prompt * p_prompt_nanos + p_completion * p_completion_nanos else 0 end
$$;

-- Of outcome i, what its server asked for is p_asked[7i - 6] to [7i]: as llm_calls keeps it.
create function asked_of(p_asked integer[], i integer) returns integer[]
language sql immutable as $$
    select nullif(p_asked[7 * i - 6 : 7 * i], '{0,0,-1,0,0,-1,0}')
$$;

-- Takes the results and final reasons for posts still open, each named once; answers which posts are
-- open after that and how many were given up. Of an open post there is no row yet.
create function keep_results(c chunks, p_seqs integer[], p_data jsonb[], p_provenances smallint[],
                             p_models text[], p_prompts text[], p_confidences double precision[],
                             p_prompt_shares integer[], p_completion_shares integer[],
                             p_price token_price, p_missing integer[], p_reasons text[],
                             out still_open integer[], out given_up integer)
language plpgsql as $$
declare
    answered integer;
begin
    insert into analysis_results (job_id, post_seq, chunk_number, result_data, provenance, model,
                                  prompt_version, confidence, attempt, prompt_tokens,
                                  completion_tokens, nanos, is_degraded)
    select c.job_id, r.seq, c.chunk_number, r.data, r.provenance, r.model, r.prompt, r.confidence,
           c.attempt, r.prompt_share, r.completion_share,
           nanos_of(r.provenance, r.prompt_share, r.completion_share, p_price.prompt_nanos,
                    p_price.completion_nanos),
           c.is_degraded and r.provenance = 1 -- embedded
    from unnest(p_seqs, p_data, p_provenances, p_models, p_prompts, p_confidences, p_prompt_shares,
                p_completion_shares)
        as r (seq, data, provenance, model, prompt, confidence, prompt_share, completion_share)
    where r.seq = any (c.open_seqs);
    get diagnostics answered = row_count;
    given_up := 0;
    if p_missing <> '{}' then
        insert into analysis_results (job_id, post_seq, chunk_number, provenance, model,
                                      prompt_version, confidence, attempt, reason, is_degraded)
        select c.job_id, m.seq, c.chunk_number, 0, '', '', 0, c.attempt, m.reason,
               c.is_degraded and m.reason = 'unanalysable' -- only an LLM can follow an instruction
        from unnest(p_missing, p_reasons) as m (seq, reason)
        where m.seq = any (c.open_seqs)
        on conflict do nothing; -- it has a result after all
        get diagnostics given_up = row_count;
    end if;
    still_open := case when answered + given_up = cardinality(c.open_seqs) then '{}'
                       else array(select seq from unnest(c.open_seqs) seq
                                  where seq <> all (p_seqs) and seq <> all (p_missing)) end;
end $$;

-- The outcome of the attempt in flight, the job not being over.
create function commit_attempt(j analysis_jobs, c chunks, p_class smallint,
                               p_retry_after_ms bigint, p_summary text, p_still_open integer[],
                               p_given_up integer)
returns event_view
language plpgsql as $$
declare
    is_done boolean := p_still_open = '{}';
    answered integer := cardinality(c.open_seqs) - cardinality(p_still_open);
    progressed boolean := not is_done and is_progress(p_class, answered, cardinality(c.open_seqs));
    charged boolean := is_charged(p_class, is_done) and not progressed;
begin
    c.tries := case when must_split(p_class) then greatest(c.tries + 1, tries_of(c.depth))
                    when charged then c.tries + 1
                    else c.tries end;
    update chunks
    set status = case when is_done then 3 else 1 end, version = version + 1, tries = c.tries,
        last_class = case when progressed then 1 else p_class end, -- ok
        open_seqs = p_still_open,
        (open_bytes, dispatch_bytes) = (
            select coalesce(sum(octet_length(p.text)), 0),
                   c.asked_bytes + coalesce(sum(dispatch_bytes(p)), 0)
            from posts p where p.job_id = c.job_id and p.post_seq = any (p_still_open)),
        retry_at = clock_timestamp() + case when progressed then interval '0'
                       else retry_delay(c.tries, charged, p_retry_after_ms) end,
        summary = case when p_summary <> '' then p_summary else summary end
    where job_id = c.job_id and chunk_number = c.chunk_number;
    update analysis_jobs
    set processed_tweets = processed_tweets + answered - p_given_up,
        failed_tweets = failed_tweets + p_given_up,
        done_chunks = done_chunks + is_done::integer,
        event_number = event_number + 1, updated_at = clock_timestamp()
    where job_id = c.job_id returning * into j;
    if j.done_chunks = j.total_chunks then
        update analysis_jobs
        set status = case when processed_tweets > 0 then 'completed' else 'failed' end,
            error = case when processed_tweets > 0 then '' else 'no post could be analysed' end,
            completed_at = clock_timestamp()
        where job_id = c.job_id returning * into j;
        return add_event(j, j.status, array[c.chunk_number]);
    end if;
    return add_event(j, 'progress', array[c.chunk_number]);
end $$;

-- The outcome of a chunk whose job is over: it frees its place and changes no post.
create function commit_late(j analysis_jobs, c chunks, p_class smallint) returns event_view
language plpgsql as $$
begin
    update chunks
    set status = 3, version = version + 1, last_class = p_class, open_seqs = '{}', open_bytes = 0
    where job_id = c.job_id and chunk_number = c.chunk_number;
    update analysis_jobs
    set done_chunks = done_chunks + 1, event_number = event_number + 1,
        updated_at = clock_timestamp()
    where job_id = c.job_id returning * into j;
    return add_event(j, 'freed', array[c.chunk_number]);
end $$;

-- Most outcomes are plain: of the attempt in flight of a job that goes on, alone of their job in
-- the batch, without fault, with a result for each open post, and nothing to heal or healed. A
-- statement costs more than a row of it, so all plain outcomes of a batch are committed by these
-- few; one statement's parts see the rows as they were before it. What is not plain is left to
-- commit_attempt(), one by one.
create function commit_plain(p_jobs uuid[], p_chunks integer[], p_attempts integer[],
                             p_classes smallint[], p_called boolean[], p_known boolean[],
                             p_prompt integer[], p_completion integer[], p_call_ms integer[],
                             p_summaries text[], p_result_ends integer[], p_seqs integer[],
                             p_data jsonb[], p_provenances smallint[], p_models text[],
                             p_prompts text[], p_confidences double precision[],
                             p_prompt_shares integer[], p_completion_shares integer[],
                             p_missing_ends integer[], p_call_models text[],
                             p_prices token_price[], p_asked integer[])
returns table (item integer, spent bigint, event event_view)
language plpgsql as $$
#variable_conflict use_column
declare
    plain integer[];
    result_ends bigint[] := p_result_ends;
    prompt_nanos bigint[] := array(select prompt_nanos from unnest(p_prices));
    completion_nanos bigint[] := array(select completion_nanos from unnest(p_prices));
begin
    plain := array(
        select i.item
        from unnest(p_jobs, p_chunks, p_attempts) with ordinality i (job_id, number, attempt, item)
        join analysis_jobs j on j.job_id = i.job_id
        join chunks c on c.job_id = i.job_id and c.chunk_number = i.number
        where c.status = 2 and c.attempt = i.attempt and not is_terminal(j.status)
          and p_classes[i.item] = 1 and not c.is_degraded and j.heals_job_id is null
          and p_missing_ends[i.item] = coalesce(p_missing_ends[i.item - 1], 0)
          and p_seqs[coalesce(p_result_ends[i.item - 1], 0) + 1:p_result_ends[i.item]] = c.open_seqs
          and cardinality(array_positions(p_jobs, i.job_id)) = 1);
    if plain = '{}' then
        return;
    end if;
    insert into analysis_results (job_id, post_seq, chunk_number, result_data, provenance, model,
                                  prompt_version, confidence, attempt, prompt_tokens,
                                  completion_tokens, nanos)
    select p_jobs[r.item], r.seq, p_chunks[r.item], r.data, r.provenance, r.model, r.prompt,
           r.confidence, p_attempts[r.item], r.prompt_share, r.completion_share,
           nanos_of(r.provenance, r.prompt_share, r.completion_share, prompt_nanos[r.item],
                    completion_nanos[r.item])
    from (select *, width_bucket(place - 1, result_ends) + 1 as item
          from unnest(p_seqs, p_data, p_provenances, p_models, p_prompts, p_confidences,
                      p_prompt_shares, p_completion_shares)
               with ordinality as x (seq, data, provenance, model, prompt, confidence,
                                     prompt_share, completion_share, place)) r
    where r.item = any (plain);
    return query
    with done as (
        select item::integer, p_jobs[item] as job_id, p_chunks[item] as number
        from unnest(plain) item
    ), placed as (
        delete from in_flight f using done d
        where f.job_id = d.job_id and f.chunk_number = d.number
    ), settled as (
        update llm_calls l
        set settled_at = clock_timestamp(), was_called = p_called[d.item],
            is_usage_known = p_known[d.item], prompt_tokens = p_prompt[d.item],
            completion_tokens = p_completion[d.item], outcome_class = p_classes[d.item],
            call_ms = p_call_ms[d.item], model = p_call_models[d.item],
            asked = asked_of(p_asked, d.item),
            tokens = charged_tokens(l, p_called[d.item], p_known[d.item], p_prompt[d.item],
                                    p_completion[d.item]),
            micros = charged_micros(l, p_called[d.item], p_known[d.item], p_prompt[d.item],
                                    p_completion[d.item])
        from done d
        where l.job_id = d.job_id and l.chunk_number = d.number
          and l.attempt = p_attempts[d.item] and l.settled_at is null
        returning l.job_id, l.was_called, l.prompt_tokens, l.completion_tokens, l.micros
    ), chunk as (
        update chunks c
        set status = 3, version = version + 1, last_class = p_classes[d.item], open_seqs = '{}',
            open_bytes = 0, dispatch_bytes = 0,
            summary = case when p_summaries[d.item] <> '' then p_summaries[d.item] else summary end
        from done d
        where c.job_id = d.job_id and c.chunk_number = d.number
        returning d.item, c.job_id, chunk_numbers(c) as numbers
    ), job as (
        update analysis_jobs j
        set processed_tweets = j.processed_tweets + p_result_ends[d.item]
                               - coalesce(p_result_ends[d.item - 1], 0),
            done_chunks = done_chunks + 1,
            status = case when done_chunks + 1 = total_chunks then 'completed' else status end,
            completed_at = case when done_chunks + 1 = total_chunks then clock_timestamp() end,
            prompt_tokens = j.prompt_tokens + coalesce(s.prompt_tokens, 0),
            completion_tokens = j.completion_tokens + coalesce(s.completion_tokens, 0),
            llm_calls = llm_calls + (s.job_id is not null)::integer,
            micros = j.micros + coalesce(s.micros, 0),
            event_number = event_number + 1, updated_at = clock_timestamp()
        from done d left join settled s on s.job_id = d.job_id and s.was_called
        where j.job_id = d.job_id
        returning j
    ), happened as (
        insert into job_events as e (job_id, event_number, kind, status, processed_tweets,
                                     failed_tweets, total_chunks, done_chunks, chunks)
        select (j).job_id, (j).event_number,
               case when (j).status = 'completed' then 'completed' else 'progress' end, (j).status,
               (j).processed_tweets, (j).failed_tweets, (j).total_chunks, (j).done_chunks, c.numbers
        from job join chunk c on c.job_id = (j).job_id
        returning e
    )
    select c.item, s.micros, event_of(j, e)
    from job join happened on (e).job_id = (j).job_id join chunk c on c.job_id = (j).job_id
    left join settled s on s.job_id = c.job_id;
end $$;

-- Brings what a healing job has just found to the posts it is of; both jobs are locked. The healed
-- job keeps its state, and has an event by which followers know; null if nothing was better. A post
-- that had a reason because no endpoint was there has a result now.
create function revise(h analysis_jobs, p_seqs integer[]) returns event_view
language plpgsql as $$
declare
    j analysis_jobs;
    revised integer;
    answered integer; -- of them, those that had a reason
begin
    answered := (
        select count(*) from analysis_results o join analysis_results r using (post_seq)
        where r.job_id = h.job_id and r.post_seq = any (p_seqs) and r.reason = ''
          and o.job_id = h.heals_job_id and o.reason <> '' and o.is_degraded);
    update analysis_results o
    set result_data = r.result_data, provenance = r.provenance, model = r.model,
        prompt_version = r.prompt_version, confidence = r.confidence, reason = '',
        prompt_tokens = r.prompt_tokens, completion_tokens = r.completion_tokens, nanos = r.nanos,
        is_degraded = false, created_at = r.created_at
    from analysis_results r
    where r.job_id = h.job_id and r.post_seq = any (p_seqs) and r.reason = ''
      and o.job_id = h.heals_job_id and o.post_seq = r.post_seq
      and (o.reason = '' or o.is_degraded) and o.provenance < r.provenance;
    get diagnostics revised = row_count;
    if revised = 0 then
        return null;
    end if;
    update analysis_jobs
    set event_number = event_number + 1, updated_at = clock_timestamp(),
        processed_tweets = processed_tweets + answered, failed_tweets = failed_tweets - answered
    where job_id = h.heals_job_id returning * into j;
    return add_event(j, 'revised', '{}');
end $$;

-- Commits outcomes in order. The results of outcome i are those from p_result_ends[i - 1] + 1 to
-- p_result_ends[i], and likewise the posts given up for good. A row for each: the verdict is
-- committed, late (the job is over), stale, or wasted (stale, and its call is heard of only now).
-- micros is what its call cost, if it settled now. One that healed posts of another job has a second
-- row, revised, with that job's event.
create function commit_outcomes(p_jobs uuid[], p_chunks integer[], p_attempts integer[],
                                p_classes smallint[], p_called boolean[], p_known boolean[],
                                p_prompt integer[], p_completion integer[],
                                p_retry_after_ms integer[], p_call_ms integer[],
                                p_summaries text[], p_result_ends integer[], p_seqs integer[],
                                p_data jsonb[], p_provenances smallint[], p_models text[],
                                p_prompts text[], p_confidences double precision[],
                                p_prompt_shares integer[], p_completion_shares integer[],
                                p_missing_ends integer[], p_missing integer[], p_reasons text[],
                                p_call_models text[], p_origins integer[], p_asked integer[])
returns table (outcome integer, verdict text, micros bigint, event event_view)
language plpgsql as $$
#variable_conflict use_column
declare
    j analysis_jobs;
    c chunks;
    kept record;
    a integer;
    b integer;
    x integer;
    y integer;
    plain record;
    plain_events event_view[];
    spent bigint[] := array_fill(null::bigint, array[cardinality(p_jobs)]);
    are_committed boolean[] := array_fill(false, array[cardinality(p_jobs)]);
    prices token_price[];
begin
    perform from analysis_jobs
    where job_id = any (p_jobs || array(select heals_job_id from analysis_jobs
                                        where job_id = any (p_jobs) and heals_job_id is not null))
    order by job_id for update;
    prices := prices_of(p_jobs, p_chunks, p_attempts, p_called, p_known);
    for plain in
        select * from commit_plain(p_jobs, p_chunks, p_attempts, p_classes, p_called, p_known,
                                   p_prompt, p_completion, p_call_ms, p_summaries, p_result_ends,
                                   p_seqs, p_data, p_provenances, p_models, p_prompts,
                                   p_confidences, p_prompt_shares, p_completion_shares,
                                   p_missing_ends, p_call_models, prices, p_asked)
    loop
        plain_events[plain.item] := plain.event;
        spent[plain.item] := plain.spent;
        are_committed[plain.item] := true;
    end loop;
    for i in 1 .. cardinality(p_jobs) loop
        outcome := i;
        event := plain_events[i];
        if event.job_id is not null then
            verdict := 'committed';
            micros := spent[i];
            return next;
            continue;
        end if;
        micros := settle_call(p_jobs[i], p_chunks[i], p_attempts[i], p_called[i], p_known[i],
                               p_prompt[i], p_completion[i], p_classes[i], p_call_ms[i],
                               p_call_models[i], asked_of(p_asked, i));
        spent[i] := micros;
        select * into j from analysis_jobs where job_id = p_jobs[i];
        select * into c from chunks where job_id = p_jobs[i] and chunk_number = p_chunks[i];
        if c.job_id is null or c.status <> 2 or c.attempt <> p_attempts[i] then
            verdict := case when micros is not null and p_called[i] then 'wasted' else 'stale' end;
            return next;
            continue;
        end if;
        perform free_place(j, c);
        if is_terminal(j.status) then
            verdict := 'late';
            event := commit_late(j, c, p_classes[i]);
        else
            a := coalesce(p_result_ends[i - 1], 0) + 1;
            b := p_result_ends[i];
            x := coalesce(p_missing_ends[i - 1], 0) + 1;
            y := p_missing_ends[i];
            verdict := 'committed';
            are_committed[i] := true;
            c.is_degraded := c.is_degraded and not j.is_hidden; -- nobody heals the healers
            select * into kept
            from keep_results(c, p_seqs[a:b], p_data[a:b], p_provenances[a:b], p_models[a:b],
                              p_prompts[a:b], p_confidences[a:b], p_prompt_shares[a:b],
                              p_completion_shares[a:b], prices[i], p_missing[x:y],
                              p_reasons[x:y]);
            if j.order_seed <> 0 then -- an audit asks once
                insert into analysis_results (job_id, post_seq, chunk_number, provenance, model,
                                              prompt_version, confidence, attempt, reason)
                select c.job_id, seq, c.chunk_number, 0, '', '', 0, c.attempt, 'unanswered'
                from unnest(kept.still_open) seq;
                kept.given_up := kept.given_up + cardinality(kept.still_open);
                kept.still_open := '{}';
            end if;
            event := commit_attempt(j, c, p_classes[i], p_retry_after_ms[i], p_summaries[i],
                                    kept.still_open, kept.given_up);
        end if;
        return next;
        if verdict = 'committed' and j.heals_job_id is not null then
            event := revise(j, p_seqs[a:b]);
            if event.job_id is not null then
                verdict := 'revised';
                micros := null;
                return next;
            end if;
        end if;
    end loop;
    perform count_usage(p_jobs, p_chunks, p_attempts, spent, are_committed, p_call_models,
                        p_origins);
end $$;

-- Ends a locked job early: what is open gets the status as its reason. A chunk in flight keeps its
-- place until its call has stopped or its lease has ended.
create function stop_job(p_job uuid, p_status text, p_error text) returns event_view
language plpgsql as $$
declare
    j analysis_jobs;
    touched integer[];
    stopped integer;
    unanswered integer;
begin
    insert into analysis_results (job_id, post_seq, chunk_number, provenance, model, prompt_version,
                                  confidence, attempt, reason)
    select p_job, seq, c.chunk_number, 0, '', '', 0, c.attempt, p_status
    from chunks c, unnest(c.open_seqs) seq
    where c.job_id = p_job and c.status <> 3
    order by seq
    on conflict do nothing;
    get diagnostics unanswered = row_count;
    -- It keeps what it has: nobody waits for better results any more.
    update analysis_results set heals = 3 where job_id = p_job and is_degraded and heals < 3;
    touched := array(select chunk_number from chunks where job_id = p_job and status <> 3);
    update chunks set status = 3, version = version + 1, open_seqs = '{}', open_bytes = 0
    where job_id = p_job and status = 1;
    get diagnostics stopped = row_count;
    update analysis_jobs
    set status = p_status, error = p_error, failed_tweets = failed_tweets + unanswered,
        done_chunks = done_chunks + stopped, event_number = event_number + 1,
        updated_at = clock_timestamp(), completed_at = clock_timestamp()
    where job_id = p_job returning * into j;
    return add_event(j, p_status, touched);
end $$;

-- No row if the job is over already.
create function cancel_job(p_tenant text, p_job uuid) returns setof event_view
language plpgsql as $$
declare
    state text;
begin
    select status into state from analysis_jobs
    where job_id = p_job and tenant_id = p_tenant and not is_hidden for update;
    if state is null then
        raise exception 'no such job' using errcode = 'TP404';
    end if;
    if not is_terminal(state) then
        return next stop_job(p_job, 'cancelled', '');
    end if;
end $$;

-- Rule 8: jobs past their deadline, and those of which nothing has begun in their time to wait.
create function expire_jobs(p_limit integer) returns setof event_view
language plpgsql as $$
declare
    due record;
    t timestamptz := clock_timestamp();
begin
    for due in
        select job_id, deadline_at from analysis_jobs
        where status in ('queued', 'processing')
          and least(deadline_at, case when status = 'queued' then queue_until end) <= t
        order by job_id limit p_limit for update skip locked
    loop
        return next stop_job(due.job_id, 'expired',
                             case when due.deadline_at <= t then ''
                                  else 'nothing of it had begun in the time it may wait' end);
    end loop;
end $$;

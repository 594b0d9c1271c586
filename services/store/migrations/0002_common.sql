-- What the protocol's functions share.

create function is_terminal(status text) returns boolean
language sql immutable as $$
    select status in ('completed', 'failed', 'cancelled', 'expired')
$$;

create function microseconds(at timestamptz) returns bigint
language sql stable as $$
    select case when at = '-infinity' then 0 else (extract(epoch from at) * 1000000)::bigint end
$$;

-- What a call for the chunk is about: its posts, the instruction and schema of its job, and for each
-- post an answer to them, which is taken to be a quarter of their size. The scheduler books by it.
create function call_bytes(c chunks) returns integer
language sql immutable as $$
    select c.open_bytes + c.asked_bytes + cardinality(c.open_seqs) * c.asked_bytes / 4
$$;

-- The whole hour that it is in; hours of UTC, whatever the session's time zone.
create function hour_of(at timestamptz) returns timestamptz
language sql immutable as $$
    select date_bin('1 hour', at, timestamptz 'epoch')
$$;

-- A chunk as it travels: fourteen numbers in the order of proto ChunkState, times as microseconds
-- since 1970 (views.c turns them into durations).
create function chunk_numbers(c chunks) returns bigint[]
language sql stable as $$
    select array[c.chunk_number, c.status, c.version, c.attempt, c.epoch, c.tries, c.depth, c.lane,
                 cardinality(c.open_seqs), call_bytes(c), microseconds(c.retry_at),
                 microseconds(c.lease_until), c.last_class, c.mode]::bigint[]
$$;

-- The chunks of a job that have these numbers, one row of numbers each.
-- (What cannot be inlined is written in plpgsql, which keeps its plans; SQL functions are planned
-- again at each call.)
create function chunks_numbered(p_job uuid, p_chunks integer[]) returns bigint[]
language plpgsql stable as $$
begin
    return coalesce((select array_agg(chunk_numbers(c) order by c.chunk_number) from chunks c
                     where c.job_id = p_job and c.chunk_number = any (p_chunks)), '{}');
end $$;

-- What a post takes of a message: text, id, language and framing.
create function dispatch_bytes(p posts) returns integer
language sql immutable as $$
    select octet_length(p.text) + octet_length(p.post_id) + octet_length(p.language) + 24
$$;

-- Nothing but a user's own instruction is asked of the posts, which only an LLM can follow.
create function needs_llm(j analysis_jobs) returns boolean
language sql immutable as $$
    select j.instruction <> '' and j.tasks <@ array['summary']
$$;

-- An event with what its readers need of the job.
create type event_view as (
    job_id uuid,
    tenant_id text,
    user_id text,
    service_class smallint,
    created_us bigint,
    deadline_us bigint,
    total_tweets integer,
    event_number integer,
    kind text,
    at_us bigint,
    status text,
    processed_tweets integer,
    failed_tweets integer,
    total_chunks integer,
    done_chunks integer,
    chunks bigint[],
    is_healing boolean,
    needs_llm boolean
);

create function event_of(j analysis_jobs, e job_events) returns event_view
language sql stable as $$
    select row(j.job_id, j.tenant_id, j.user_id, j.service_class, microseconds(j.created_at),
               microseconds(j.deadline_at), j.total_tweets, e.event_number, e.kind,
               microseconds(e.created_at), e.status, e.processed_tweets, e.failed_tweets,
               e.total_chunks, e.done_chunks, e.chunks, j.is_hidden, needs_llm(j))::event_view
$$;

-- Writes the event whose number the caller has just given the locked job.
create function add_event(j analysis_jobs, p_kind text, p_chunks integer[]) returns event_view
language plpgsql as $$
declare
    e job_events;
begin
    insert into job_events (job_id, event_number, kind, status, processed_tweets, failed_tweets,
                            total_chunks, done_chunks, chunks)
    values (j.job_id, j.event_number, p_kind, j.status, j.processed_tweets, j.failed_tweets,
            j.total_chunks, j.done_chunks, chunks_numbered(j.job_id, p_chunks))
    returning * into e;
    return event_of(j, e);
end $$;

-- Takes the chunk out of flight. Its place is its own: another attempt's row is left alone.
create function free_place(j analysis_jobs, c chunks) returns void
language plpgsql as $$
begin
    delete from in_flight
    where tenant_id = j.tenant_id and user_id = j.user_id and lane = c.lane
      and job_id = c.job_id and chunk_number = c.chunk_number;
end $$;

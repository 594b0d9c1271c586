-- What the store keeps. Postgres is the truth: a job answered with 202 and a result anybody was
-- told of are committed here.
--
-- All writing goes through the functions of the following migrations. Each is one transaction that
-- locks the job's row first (several jobs in the order of their ids); whoever holds it owns the
-- job's chunks, posts, results, events and calls. So these tables need no locks of their own, and
-- no foreign keys on the paths that write hundreds of rows. Times are the database's.

-- The two seconds that it is in; see analysis_jobs.
create function stamp_of(at timestamptz) returns timestamptz
language sql immutable as $$
    select date_bin('2 seconds', at, timestamptz 'epoch')
$$;

create table tenants (
    tenant_id text primary key check (tenant_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    created_at timestamptz not null default clock_timestamp()
);

create table api_keys (
    key_id uuid primary key,
    tenant_id text not null references tenants,
    key_hash bytea not null unique check (octet_length(key_hash) = 32),
    role text not null check (role in ('user', 'admin', 'operator')),
    name text not null,
    created_at timestamptz not null default clock_timestamp(),
    revoked_at timestamptz
);

create table analysis_jobs (
    job_id uuid primary key,
    tenant_id text not null,
    user_id text not null,
    service_class smallint not null check (service_class between 1 and 4), -- ServiceClass
    status text not null default 'queued' check (
        status in ('queued', 'processing', 'completed', 'failed', 'cancelled', 'expired')),
    tasks text[] not null,
    instruction text compression lz4 not null default '', -- the user's own
    schema_json text compression lz4 not null default '', -- of its answers; its order means something
    total_tweets integer not null check (total_tweets > 0),
    processed_tweets integer not null default 0, -- with a result
    failed_tweets integer not null default 0,    -- with a reason instead
    total_chunks integer not null check (total_chunks > 0),
    done_chunks integer not null default 0,
    event_number integer not null default 0,
    created_at timestamptz not null default clock_timestamp(),
    -- The change stamp: set by everything that changes the job or a chunk of it, up to one
    -- transaction's length before that is seen.
    updated_at timestamptz not null default clock_timestamp(),
    -- Coarse, for the index: most updates leave it as it is, and so touch none of the indexes.
    updated_in timestamptz not null generated always as (stamp_of(updated_at)) stored,
    completed_at timestamptz,
    deadline_at timestamptz not null,
    queue_until timestamptz, -- expires if it is still queued then; null = never
    error text not null default '',
    prompt_tokens bigint not null default 0,
    completion_tokens bigint not null default 0,
    llm_calls integer not null default 0,
    micros bigint not null default 0, -- spent on its calls, in millionths of a dollar
    rejected_lines integer[] not null default '{}', -- left out at submit, with the caller's consent
    rejected_reasons text[] not null default '{}',
    is_hidden boolean not null default false, -- made by the store itself: tenants do not see it
    heals_job_id uuid, -- to replace degraded results of that job
    order_seed bigint not null default 0, -- not 0: an audit, see 0012_audits.sql
    check (is_hidden or heals_job_id is null and order_seed = 0),
    check ((instruction = '') = (schema_json = '')),
    check (processed_tweets >= 0 and failed_tweets >= 0),
    check (processed_tweets + failed_tweets <= total_tweets),
    check (done_chunks <= total_chunks),
    check (cardinality(rejected_lines) = cardinality(rejected_reasons))
) with (fillfactor = 70);
create index analysis_jobs_of_user on analysis_jobs (tenant_id, user_id, job_id);
create index analysis_jobs_of_tenant on analysis_jobs (tenant_id, job_id);
create index analysis_jobs_by_status on analysis_jobs (status, job_id)
    where status in ('queued', 'processing');
create index analysis_jobs_unfinished on analysis_jobs (tenant_id, user_id)
    where status in ('queued', 'processing') and not is_hidden;
create index analysis_jobs_healing on analysis_jobs (heals_job_id) where heals_job_id is not null;
create index analysis_jobs_hidden on analysis_jobs (completed_at) where is_hidden;
create index analysis_jobs_by_change on analysis_jobs (updated_in);
create index analysis_jobs_by_end on analysis_jobs
    (least(deadline_at, case when status = 'queued' then queue_until end))
    where status in ('queued', 'processing');

create table posts (
    job_id uuid not null,
    post_seq integer not null check (post_seq >= 0),
    post_id text not null,
    text text compression lz4 not null,
    language text not null,
    primary key (job_id, post_seq)
);

-- A part of a job that is dispatched as one. open_seqs are its posts without an answer yet.
create table chunks (
    job_id uuid not null,
    chunk_number integer not null check (chunk_number >= 0),
    status smallint not null default 1 check (status between 1 and 3), -- ChunkStatus
    version integer not null default 1,   -- a higher one is newer
    attempt integer not null default 0,   -- the fence: outcomes of another attempt are stale
    epoch bigint not null default 0,      -- of the leader that was granted the attempt
    tries integer not null default 0,     -- attempts that failed by the chunk's own fault
    depth integer not null default 0,     -- how often it was split off
    lane integer not null default 0,
    mode smallint not null default 0,     -- AnalysisMode of the attempt
    is_degraded boolean not null default false, -- the attempt stands in for want of an endpoint
    endpoint text not null default '',    -- of the attempt
    last_class smallint not null default 0, -- OutcomeClass of the last attempt; ok = progress
    open_seqs integer[] not null check (cardinality(open_seqs) <= 100),
    open_bytes integer not null check (open_bytes <= 262144), -- of their texts
    dispatch_bytes integer not null,      -- of a message with them, about
    asked_bytes integer not null default 0, -- of the job's instruction and schema: in each message
    retry_at timestamptz not null default '-infinity', -- not granted before
    lease_until timestamptz not null default '-infinity',
    summary text not null default '',
    primary key (job_id, chunk_number)
) with (fillfactor = 70);

-- One row per post: a result, or the reason why there is none.
create table analysis_results (
    result_id bigint generated always as identity (cache 200),
    job_id uuid not null,
    post_seq integer not null,
    chunk_number integer not null,
    result_data jsonb compression lz4,
    provenance smallint not null check (provenance between 0 and 5), -- Provenance
    model text not null,
    prompt_version text not null,
    confidence double precision not null check (confidence between 0 and 1),
    attempt integer not null,
    reason text not null default '',
    prompt_tokens integer not null default 0, -- its share of its call
    completion_tokens integer not null default 0,
    nanos bigint default 0, -- what that cost, in billionths of a dollar; null: the call did not tell
    is_degraded boolean not null default false, -- for want of an endpoint: to be healed; a reason too
    heals smallint not null default 0,          -- how often that was begun
    created_at timestamptz not null default clock_timestamp(),
    primary key (job_id, post_seq),
    check ((result_data is null) = (reason <> ''))
);
create index analysis_results_to_heal on analysis_results (job_id, post_seq)
    where is_degraded and heals < 3;

-- The chunk in flight of a user and lane. The key makes a second one impossible, whoever asks.
create table in_flight (
    tenant_id text not null,
    user_id text not null,
    lane integer not null,
    job_id uuid not null,
    chunk_number integer not null,
    attempt integer not null,
    primary key (tenant_id, user_id, lane)
);
create index in_flight_of_job on in_flight (job_id);

-- One line of a batch's reply.
create type batch_line as (
    result smallint,   -- BatchResult
    attempt integer,   -- grant: the attempt granted
    first_part integer -- split: the first of the two new chunks
);

-- Who leads, until when, and what was answered to its last batch.
create table leases (
    name text primary key,
    holder text not null,
    epoch bigint not null,
    expires_at timestamptz not null,
    batch_sequence bigint not null,
    batch_reply batch_line[] not null
);
insert into leases values ('scheduler', '', 0, '-infinity', 0, '{}');

create table idempotency_keys (
    tenant_id text not null,
    idempotency_key text not null,
    body_hash bytea not null check (octet_length(body_hash) = 32),
    job_id uuid not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, idempotency_key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

-- Posts of a job too large for one message, until it is submitted.
create table upload_parts (
    upload_id text not null,
    part_number integer not null,
    seqs integer[] not null,
    ids text[] not null,
    texts text[] compression lz4 not null,
    languages text[] not null,
    chunk_numbers integer[] not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (upload_id, part_number)
);
create index upload_parts_by_age on upload_parts (created_at);

-- What happened to jobs, numbered without gaps; also the outbox. chunks holds those that changed,
-- each as chunk_numbers() writes it.
create table job_events (
    job_id uuid not null,
    event_number integer not null,
    kind text not null,
    status text not null,
    processed_tweets integer not null,
    failed_tweets integer not null,
    total_chunks integer not null,
    done_chunks integer not null,
    chunks bigint[] not null,
    created_at timestamptz not null default clock_timestamp(),
    published_at timestamptz,
    primary key (job_id, event_number)
);
create index job_events_unpublished on job_events (created_at) where published_at is null;
create index job_events_by_age on job_events using brin (created_at);

-- Every attempt that may call an LLM: reserved when granted, settled once.
create table llm_calls (
    job_id uuid not null,
    chunk_number integer not null,
    attempt integer not null,
    call_id bigint generated always as identity,
    tenant_id text not null,
    user_id text not null,
    service_class smallint not null,
    endpoint text not null,
    model text not null default '', -- told with the outcome
    epoch bigint not null,
    reserved_tokens integer not null,
    reserved_micros bigint not null, -- millionths of a dollar
    prompt_nanos integer not null,   -- price of a token, in billionths of a dollar
    completion_nanos integer not null,
    granted_at timestamptz not null,
    lease_until timestamptz not null,
    settled_at timestamptz,
    was_called boolean not null default false,
    is_usage_known boolean not null default false,
    prompt_tokens integer not null default 0,
    completion_tokens integer not null default 0,
    tokens bigint not null default 0, -- charged: as used, or as reserved where that is unknown
    micros bigint not null default 0, -- charged likewise
    outcome_class smallint not null default 0, -- OutcomeClass
    call_ms integer not null default 0,
    is_probe boolean not null default false,
    -- What its server asked for: ms to wait, and if a limit is used up, then what it said of those of
    -- requests and of tokens, each: the limit, what is left (-1 = nothing said), ms to its reset.
    asked integer[],
    primary key (job_id, chunk_number, attempt)
) with (fillfactor = 60);
create index llm_calls_by_grant on llm_calls (granted_at, call_id);
create index llm_calls_by_endpoint on llm_calls (endpoint, granted_at);

-- What the calls of a stretch of time cost, summed up some time after it: for a new leader, who asks
-- for a day of it. A call that had not been settled by then stays at its reservation.
create table spends (
    began_at timestamptz not null,
    tenant_id text not null,
    user_id text not null, -- empty: all users that had no limits then
    endpoint text not null,
    micros bigint not null,
    primary key (began_at, tenant_id, user_id, endpoint)
);

-- What was used, hour by hour of its settlement: always the sum of the calls settled, and of the
-- results that came with them or without a call.
create table usage_hours (
    tenant_id text not null,
    began_at timestamptz not null,
    user_id text not null,
    service_class smallint not null,
    endpoint text not null, -- empty: the embedded analysis
    model text not null,
    calls bigint not null,
    unknown_calls bigint not null, -- of them: charged as reserved, since their usage is unknown
    prompt_tokens bigint not null,
    completion_tokens bigint not null,
    micros bigint not null,
    posts_from_llm bigint not null,
    posts_from_cache bigint not null,
    posts_from_near_duplicate bigint not null,
    posts_from_repair bigint not null,
    posts_from_embedded bigint not null,
    primary key (tenant_id, began_at, user_id, service_class, endpoint, model)
) with (fillfactor = 50);
create index usage_hours_by_time on usage_hours (began_at);

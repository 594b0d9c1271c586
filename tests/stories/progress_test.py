"""Progress as it happens: server-sent events and WebSockets."""

import json

import websocket

from fleet import wait_until


def test_events_come_numbered_without_gaps_up_to_the_end(world):
    world.script(delay_ms=30)
    job = world.submit("follower", 40, chunk_size=5)
    events = list(world.api.events(job))
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    assert [event["number"] for _, event in events] == [number for number, _ in events]
    assert events[-1][1]["state"] == "completed"
    assert events[-1][1]["progress"]["processed_posts"] == 40
    done = [event["progress"]["processed_posts"] for _, event in events if "progress" in event]
    assert done == sorted(done)
    world.settle()


def test_a_stream_resumed_by_its_last_event_id_misses_nothing(world):
    world.script(delay_ms=30)
    job = world.submit("resumer", 60, chunk_size=5)
    heard = []
    while not heard or heard[-1][1]["state"] not in ("completed",):
        last = heard[-1][0] if heard else None
        for count, event in enumerate(world.api.events(job, last)):
            heard.append(event)
            if count == 2:
                break  # the connection is dropped here
    assert [number for number, _ in heard] == list(range(1, len(heard) + 1))
    assert list(world.api.events(job, 0)) == heard, "the whole history can be had again"
    world.settle()


def test_a_stream_survives_the_gateways_restart(world):
    world.script(delay_ms=100)
    job = world.submit("patient", 60, chunk_size=5)
    stream = world.api.events(job)
    heard = [next(stream) for _ in range(3)]
    stream.close()
    world.fleet.services["gateway"].restart()
    world.fleet.services["gateway"].wait_ready()
    heard += list(world.api.events(job, heard[-1][0]))
    assert [number for number, _ in heard] == list(range(1, len(heard) + 1))
    assert heard[-1][1]["state"] == "completed"
    world.settle()


def connect(world, *jobs):
    socket = websocket.create_connection(
        world.fleet.url.replace("http:", "ws:") + "/v1/ws", timeout=90,
        header=[f"Authorization: Bearer {world.fleet.api_key}"])
    for job in jobs:
        socket.send(json.dumps({"subscribe": job, "after": 0}))
    return socket


def test_a_websocket_tells_of_many_jobs(world):
    world.script(delay_ms=30)
    jobs = [world.submit(f"socketed-{i}", 30, chunk_size=5) for i in range(3)]
    socket = connect(world, *jobs)
    events = {job: [] for job in jobs}
    while not all(heard and heard[-1]["state"] == "completed" for heard in events.values()):
        event = json.loads(socket.recv())
        events[event["job_id"]].append(event)
    socket.close()
    for heard in events.values():
        assert [event["number"] for event in heard] == list(range(1, len(heard) + 1))
    world.settle()


def test_a_websocket_is_told_what_it_may_not_have(world):
    socket = connect(world, "01890000-0000-7000-8000-000000000000")
    assert "error" in json.loads(socket.recv())
    socket.close()
    world.settle()


def test_followers_that_leave_are_forgotten(world):
    world.script(delay_ms=100)
    job = world.submit("crowd", 30, chunk_size=5)
    sockets = [connect(world, job) for _ in range(20)]
    streams = [world.api.events(job) for _ in range(20)]
    for stream in streams:
        next(stream)
    for socket in sockets:
        socket.close()
    for stream in streams:
        stream.close()
    world.settle()
    gateway = world.fleet.services["gateway"]
    wait_until(gateway.is_ready, 60, "the gateway is well")

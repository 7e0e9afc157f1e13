"""GET /v1/runs/{id}/events: resumed by Last-Event-ID without loss or duplicate."""

import pytest


@pytest.fixture(scope="module")
def run(api):
    started = api.start("timekeeper")
    return started["run_id"], [e for e in api.follow(started["run_id"])]


def durable(events):
    return [e for e in events if e.id is not None]


def test_durable_events_carry_their_seq_as_id_and_deltas_none(run):
    _, events = run
    for event in events[:-1]:
        if event.json["type"] == "delta":
            assert event.id is None and "seq" not in event.json
        else:
            assert event.id == event.json["seq"]
    assert [e.id for e in durable(events)] == list(range(1, len(durable(events)) + 1))


def test_the_stream_ends_after_the_run(run):
    _, events = run
    assert events[-1].event == "end"
    assert events[-2].json["type"] == "run_finished"


def test_deltas_join_to_the_stored_text(run):
    _, events = run
    outputs = {e.json["data"]["step"]: e.json["data"]["text"] for e in durable(events) if e.json["type"] == "model_output"}
    told: dict[int, str] = {}
    for event in events[:-1]:
        data = event.json["data"]
        if event.json["type"] == "delta":
            assert data["attempt"] == 1
            assert data["offset"] == len(told.get(data["step"], "").encode())
            told[data["step"]] = told.get(data["step"], "") + data["text"]
    assert any(told.values()), "the last step streams its text"
    for step, text in told.items():
        assert outputs[step] == text


def test_a_stream_resumes_after_every_id(api, run):
    run_id, events = run
    all_ = [e.json for e in durable(events)]
    for last in range(len(all_)):
        assert [e.json for e in api.follow(run_id, after=last) if e.id is not None] == all_[last:]
    assert [e.event for e in api.follow(run_id, after=len(all_))] == ["end"]


def test_the_cursor_may_stand_in_the_query(api, run):
    run_id, events = run
    with api.http.stream("GET", f"{api.deployment.address()}/v1/runs/{run_id}/events?after=3", headers={"Authorization": f"Bearer {api.key}"}) as answer:
        assert next(line for line in answer.iter_lines() if line.startswith("id:")) == "id: 4"


def test_a_reader_that_is_cut_off_again_and_again_misses_nothing(api):
    run_id = api.start("calculate")["run_id"]
    seen: list[dict] = []
    while not seen or seen[-1]["type"] != "run_finished":
        for event in api.follow(run_id, after=len(seen)):
            if event.id is not None:
                seen.append(event.json)
                break  # the connection is closed after each event
    assert seen == api.durable_events(run_id)


def test_two_readers_see_the_same(api):
    run_id = api.start("calculate")["run_id"]
    first, second = api.follow(run_id), api.follow(run_id)
    one, two = [], []
    for a in first:
        one.append(a)
        two.append(next(second))
    two += second
    assert [e.json for e in durable(one)] == [e.json for e in durable(two)]


def test_a_cursor_beyond_the_end_is_no_error(api, run):
    run_id, events = run
    assert [e.event for e in api.follow(run_id, after=len(durable(events)) + 5)] == ["end"]

"""Denied tools, withheld results and refused starts: the model is told, and the run ends cleanly."""


def of_type(events, type_):
    return [e["data"] for e in events if e["type"] == type_]


def test_a_denied_tool_is_not_called_and_the_run_goes_on(api):
    run_id = api.start("timekeeper")["run_id"]
    events = api.durable_events(run_id)
    [denial] = [d for d in of_type(events, "decided") if d["decision"] == "deny"]
    assert (denial["action"], denial["resource"]) == ("tool.call", {"type": "Tool", "id": "clock"})
    assert [r["rule"] for r in denial["reasons"]] == ["e2e-no-clock"]
    assert of_type(events, "tool_result") == []
    assert not [s for s in of_type(events, "step_started") if s["kind"] == "tool"]
    assert events[-1]["data"]["status"] == "completed"


def test_the_model_is_told_of_the_denial(api):
    """The second prompt is longer than the first by more than the call: it holds the refusal."""
    denied = of_type(api.durable_events(api.start("timekeeper")["run_id"]), "model_output")
    assert len(denied) == 2
    assert denied[1]["usage"]["prompt"] > denied[0]["usage"]["prompt"] - 110, "the second prompt has no tools, but what happened"
    assert denied[1]["text"]


def test_a_withheld_result_reaches_neither_model_nor_reader(api):
    started = api.start("secretive")
    events = api.durable_events(started["run_id"])
    [denial] = [d for d in of_type(events, "decided") if d["decision"] == "deny"]
    assert denial["action"] == "tool.result"
    [result] = of_type(events, "tool_result")
    assert result["outcome"] == "denied" and "result" not in result
    assert result["error"]["error"] == "denied"
    assert events[-1]["data"]["status"] == "completed"
    [tool] = [m for m in api.get(f"/v1/sessions/{started['session_id']}")["messages"] if m["role"] == "tool"]
    assert "withheld" in tool["content"]


def test_a_capsule_without_a_grant_is_denied_at_the_start(api):
    events = api.durable_events(api.start("ungranted")["run_id"])
    assert [e["type"] for e in events] == ["run_started", "decided", "run_finished"]
    assert events[1]["data"]["decision"] == "deny"
    assert events[-1]["data"]["status"] == "denied"
    assert events[-1]["data"]["reason"].startswith("start_denied")


def test_a_grant_is_of_one_tenant(platform, api):
    assert api.finished(api.start("local-only")["run_id"])["status"] == "completed"
    stranger = platform.developer_of("elsewhere")
    assert stranger.finished(stranger.start("local-only")["run_id"])["status"] == "denied"


def test_an_unknown_capsule_is_not_found(api):
    answer = api.post("/v1/sessions", {"prompt": "Hello", "capsule": "nobody"}, expect=404)
    assert answer["code"] == "no_capsule"


def test_a_person_who_may_not_use_models_gets_a_denied_run(platform):
    person = platform.new_principal("modelless", ["runs:write", "runs:read"])
    run = person.finished(person.start("calculate")["run_id"])
    assert run["status"] == "denied" and run["reason"].startswith("model_denied")


def test_an_unknown_model_fails_the_run_and_says_so(api):
    run = api.finished(api.start("calculate", model="gpt-nothing")["run_id"])
    assert run["status"] == "failed" and run["reason"].startswith("no_model")

"""Without a model: the embedded analysis does the work."""


def test_posts_are_analysed_with_no_model_and_no_network(new_world):
    world = new_world(llm=None)
    posts = [{"id": "good", "text": "I love this wonderful place, best day ever! 😍 #happy"},
             {"id": "bad", "text": "Terrible service, I hate it, never again. 😡 @shop"},
             {"id": "flat", "text": "The meeting starts at nine."}]
    job = world.submit("offline", posts=posts)
    world.submit_all([(f"user-{i}", 120, {}) for i in range(20)])
    world.settle()
    results = {result["post_id"]: result for result in world.api.results(job)}
    assert {post: result["sentiment"]["label"] for post, result in results.items()} == {
        "good": "positive", "bad": "negative", "flat": "neutral"}
    assert all(result["provenance"] == "embedded" for result in results.values())
    assert results["good"]["entities"]["hashtags"][0]["text"] == "happy"
    assert results["good"]["entities"]["hashtags"][0]["indices"] == [46, 52]
    assert results["bad"]["entities"]["mentions"][0]["text"] == "shop"

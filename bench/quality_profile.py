"""Profiles of authors; measured once the library makes them."""


def fit(engine):
    if engine.program("profile_bench") is None:
        return ["left out: there are no profiles yet"], [], []
    return [], [], []

"""One address of each type of page; of the long ones a short one, for each element is judged."""

PAGES = {
    "home": "/",
    "search": "/search?q=learning+neighbourhoods&kind=case&country=IE",
    "search-nothing": "/search?q=zzqqxx",
    "case": "/cases/cork-learning-neighbourhoods",
    "research": "/research/wyndham-steady-progress",
    "city": "/cities/cork",
    "cities": "/cities?region=arab-states",
    "themes": "/themes",
    "theme": "/themes/key_features/2.2.1",
    "map": "/map?region=arab-states",
    "about": "/about",
    "help": "/help/how-to-search",
    "login": "/login",
    "missing": "/no-such-page",
}

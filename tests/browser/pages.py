"""One address of each type of page."""

PAGES = {
    "home": "/",
    "search": "/search?q=learning+neighbourhoods&kind=case",
    "search-nothing": "/search?q=zzqqxx",
    "case": "/cases/cork-learning-neighbourhoods",
    "research": "/research/wyndham-steady-progress",
    "city": "/cities/cork",
    "cities": "/cities",
    "themes": "/themes",
    "theme": "/themes/key_features/2.2",
    "map": "/map",
    "about": "/about",
    "help": "/help/how-to-search",
    "login": "/login",
    "missing": "/no-such-page",
}

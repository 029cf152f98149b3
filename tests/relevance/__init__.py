"""How well the search finds: judged queries and public test collections, arm by arm."""

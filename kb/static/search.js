// What htmx leaves to the page: the opened groups stay open when the list is exchanged, and an answer that is no list
// (the index is being rebuilt, say) is shown as the page that it is. The new count is read out.
(() => {
  let open = null;
  document.addEventListener("htmx:beforeSwap", () => {
    open = new Map([...document.querySelectorAll("#filters details[id]")].map((group) => [group.id, group.open]));
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, state] of open ?? []) {
      const group = document.getElementById(id);
      if (group) group.open = state;
    }
    const found = document.getElementById("found");
    const told = document.getElementById("told");
    if (told) told.textContent = found?.querySelector("h1")?.textContent ?? "";
    if (found && found.getBoundingClientRect().top < -window.innerHeight) found.scrollIntoView();
  });
  document.addEventListener("htmx:responseError", (event) => {
    window.location.assign(event.detail.pathInfo.finalRequestPath);
  });
})();

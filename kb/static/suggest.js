// What is being typed may become this: a list under the search box (the combobox of the ARIA Authoring Practices).
(() => {
  const box = document.getElementById("q");
  if (!box) return;
  const list = document.createElement("ul");
  Object.assign(list, { id: "suggestions", className: "suggestions", role: "listbox", hidden: true });
  list.setAttribute("aria-label", box.labels[0].textContent);
  box.parentElement.append(list);
  Object.assign(box, { type: "text", enterKeyHint: "search", role: "combobox", ariaAutoComplete: "list" });
  box.setAttribute("aria-controls", list.id);
  let asked = null;

  const chosen = () => list.querySelector("[aria-selected=true]");
  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    option ? box.setAttribute("aria-activedescendant", option.id) : box.removeAttribute("aria-activedescendant");
  };
  const show = (suggestions) => {
    list.replaceChildren(
      ...suggestions.map(({ text, url, language }, at) => {
        const option = document.createElement("li");
        Object.assign(option, { id: `suggestion-${at}`, role: "option", ariaSelected: "false", dir: "auto" });
        Object.assign(option, { lang: language, textContent: text });
        option.dataset.url = url;
        return option;
      }),
    );
    list.hidden = !suggestions.length;
    box.ariaExpanded = String(!list.hidden);
    choose(null);
  };
  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    const query = new URLSearchParams({ q: box.value, locale: document.documentElement.lang });
    try {
      const answer = box.value.trim() ? await fetch(`/api/v1/suggest?${query}`, { signal: asked.signal }) : null;
      show(answer?.ok ? (await answer.json()).suggestions : []);
    } catch (error) {
      if (error.name !== "AbortError") show([]);
    }
  };

  let waiting = 0;
  show([]);
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 80);
  });
  box.addEventListener("blur", () => {
    clearTimeout(waiting);
    asked?.abort();
    show([]);
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || list.hidden) return;
    const present = chosen();
    if (event.key === "ArrowDown") choose(present ? present.nextElementSibling : list.firstElementChild);
    else if (event.key === "ArrowUp") choose(present ? present.previousElementSibling : list.lastElementChild);
    else if (event.key === "Escape") show([]);
    else if (event.key === "Enter" && present) location.assign(present.dataset.url);
    else return;
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.url);
  });
})();

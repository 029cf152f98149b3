// What makes writing quicker: typed text is kept every ten seconds and on leaving, limits are counted, long lists of
// boxes are filtered, selected words become the passage of a remark. Without it everything works by its buttons.
(() => {
  const form = document.getElementById("editor");
  for (const field of document.querySelectorAll("[data-limit]")) {
    const count = document.createElement("small");
    const tell = () => { count.textContent = `${field.value.length} / ${field.dataset.limit}`; };
    field.after(count);
    field.addEventListener("input", tell);
    tell();
  }
  for (const list of document.querySelectorAll(".pick fieldset")) {
    const box = document.createElement("input");
    box.type = "search";
    box.setAttribute("aria-label", list.querySelector("legend").textContent);
    box.addEventListener("input", () => {
      for (const item of list.querySelectorAll(".tick")) {
        item.hidden = !item.textContent.toLocaleLowerCase().includes(box.value.toLocaleLowerCase());
      }
    });
    list.querySelector("legend").after(box);
  }
  const passage = document.getElementById("passage");
  document.getElementById("text")?.addEventListener("mouseup", () => {
    const words = document.getSelection().toString().trim();
    if (passage && words && words.length < 1000) passage.value = words;
  });
  document.querySelector("markdown-toolbar")?.removeAttribute("hidden");
  document.getElementById("problems")?.focus();
  if (!form) return;

  const kept = document.getElementById("kept");
  const data = () => { const found = new FormData(form); found.delete("do"); return found; };
  const print = () => JSON.stringify([...data()]);
  let last = print();
  let leaving = false;
  const keep = async () => {
    const now = print();
    if (now === last) return;
    try {
      const answer = await fetch(form.dataset.autosave, { method: "POST", body: data(), redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const said = await answer.json();
      kept.textContent = said.said;
      document.getElementById("others").textContent = said.others;
      last = now;
    } catch {
      kept.textContent = form.dataset.lost;
    }
  };
  setInterval(keep, 10_000);
  form.addEventListener("submit", () => { leaving = true; });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden" || leaving) return;
    const now = print();
    if (now !== last && navigator.sendBeacon(form.dataset.autosave, data())) last = now;
  });
})();

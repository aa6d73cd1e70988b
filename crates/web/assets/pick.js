// People, units and records are chosen as one types. Without script the same field is searched by its button.
const wait = 150;
function ready(pick) {
  if (pick.dataset.ready) return;
  pick.dataset.ready = "true";
  const { source, name, many } = pick.dataset;
  const query = pick.querySelector("input[type=search]");
  const list = document.createElement("ul");
  let timer = 0;
  let last = "";
  list.id = `${query.id}-options`;
  list.className = "pick-found";
  list.setAttribute("role", "listbox");
  list.hidden = true;
  query.after(list);
  pick.querySelector(".pick-line").after(list);
  query.setAttribute("role", "combobox");
  query.setAttribute("aria-autocomplete", "list");
  query.setAttribute("aria-controls", list.id);
  query.setAttribute("aria-expanded", "false");
  const options = () => [...list.querySelectorAll("[role=option]")];
  const active = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");
  const show = (open) => {
    list.hidden = !open;
    query.setAttribute("aria-expanded", String(open));
    if (!open) query.removeAttribute("aria-activedescendant");
  };
  const point = (index) => {
    options().forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    const option = options()[index];
    if (option) {
      query.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }
  };
  const take = (option) => {
    const chosen = pick.querySelector(".picked");
    if (many !== "true") chosen.replaceChildren();
    if (![...chosen.querySelectorAll("input")].some((one) => one.value === option.dataset.value)) {
      const item = document.createElement("li");
      const label = document.createElement("label");
      const box = document.createElement("input");
      box.type = "checkbox";
      box.className = "form-check-input";
      box.name = name;
      box.value = option.dataset.value;
      box.checked = true;
      label.append(box, document.createTextNode(option.textContent));
      item.append(label);
      chosen.append(item);
      box.dispatchEvent(new Event("change", { bubbles: true }));
    }
    query.value = "";
    last = "";
    show(false);
  };
  const ask = async () => {
    const text = query.value.trim();
    if (text === last) return;
    last = text;
    const place = new URL(source, window.location.origin);
    place.searchParams.set("q", text);
    const answer = await fetch(place, { headers: { accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok || query.value.trim() !== text) return;
    const found = await answer.json();
    list.replaceChildren(...found.map((one, at) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${at}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.value = one.id;
      option.textContent = one.text;
      option.addEventListener("mousedown", (event) => {
        event.preventDefault();
        take(option);
      });
      return option;
    }));
    show(found.length > 0);
  };
  query.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, wait);
  });
  query.addEventListener("keydown", (event) => {
    const count = options().length;
    if (list.hidden) return;
    if (event.key === "ArrowDown") {
      event.preventDefault();
      point((active() + 1) % count);
    } else if (event.key === "ArrowUp") {
      event.preventDefault();
      point((active() - 1 + count) % count);
    } else if (event.key === "Enter" && active() >= 0) {
      event.preventDefault();
      take(options()[active()]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      show(false);
    }
  });
  query.addEventListener("blur", () => show(false));
}
const all = (root) => root.querySelectorAll(".pick[data-source]").forEach(ready);
all(document);
document.addEventListener("htmx:load", (event) => all(event.detail.elt.parentNode || document));

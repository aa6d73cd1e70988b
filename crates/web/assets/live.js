// What happens meanwhile: notices as they come (server-sent events), and what went wrong with a request.
const region = document.getElementById("live");
if (region) {
  const note = (text, href, bad) => {
    const box = document.createElement("div");
    box.className = bad ? "toast-note bad" : "toast-note";
    const words = document.createElement("p");
    words.textContent = text;
    box.append(words);
    if (href) {
      const link = document.createElement("a");
      link.href = href;
      link.textContent = region.dataset.open;
      box.append(link);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn-close";
    close.setAttribute("aria-label", region.dataset.close);
    close.addEventListener("click", () => box.remove());
    box.append(close);
    region.append(box);
    while (region.children.length > 4) region.firstElementChild.remove();
  };
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.getResponseHeader("hx-redirect")) return;
    const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    const words = answer.querySelector("[role=alert]");
    note(words ? words.textContent.replace(/\s+/g, " ").trim() : region.dataset.failed, null, true);
  });
  document.addEventListener("htmx:sendError", () => note(region.dataset.offline, null, true));
  const source = document.body.dataset.live;
  if (source && "EventSource" in window) {
    const events = new EventSource(source);
    events.addEventListener("notice", (event) => {
      const { text, href } = JSON.parse(event.data);
      note(text, href, false);
    });
    // What is shown of one's own work is looked at anew when it has changed, but not more often than people look.
    const apart = 20000;
    let last = 0;
    let waiting = 0;
    const moved = () => {
      waiting = 0;
      if (document.hidden) return;
      last = Date.now();
      document.body.dispatchEvent(new CustomEvent("ward:moved"));
    };
    events.addEventListener("work", () => {
      if (!waiting) waiting = window.setTimeout(moved, Math.max(1000, last + apart - Date.now()));
    });
    // Of what the page shows: it stays as it is until whoever reads it wants it otherwise.
    events.addEventListener("moved", () => {
      const told = document.querySelector("[data-moved]");
      if (!told) return;
      for (const link of told.querySelectorAll("a")) link.href = window.location.href;
      told.hidden = false;
    });
    // Alarms are looked at anew at once.
    events.addEventListener("alarms", (event) => {
      document.body.dispatchEvent(new CustomEvent("ward:alarms", { detail: event.data }));
    });
    events.addEventListener("unread", (event) => {
      const badge = document.querySelector("[data-unread]");
      if (!badge) return;
      badge.hidden = event.data === "0";
      badge.textContent = event.data;
    });
    // Refused, and not merely cut off: where the session is over, what it showed does not stay on the screen.
    events.addEventListener("error", async () => {
      if (events.readyState !== EventSource.CLOSED) return;
      const quiet = { headers: { "x-ward-quiet": "1" }, redirect: "manual", cache: "no-store" };
      const answer = await fetch("/notices", quiet).catch(() => null);
      if (answer && answer.type === "opaqueredirect") window.location.reload();
    });
    window.addEventListener("pagehide", () => events.close());
  }
}

// The pages work without this. It tells of changes, and says times as a person
// at this machine reads them.
"use strict";
(function () {
  const units = [["day", 86400], ["h", 3600], ["min", 60]];
  function ago(seconds) {
    const s = Math.abs(seconds);
    for (const [name, size] of units) {
      if (s >= size) {
        const n = Math.floor(s / size);
        const text = n + " " + name + (name === "day" && n > 1 ? "s" : "");
        return seconds < 0 ? "in " + text : text + " ago";
      }
    }
    return seconds < 0 ? "in a moment" : "now";
  }
  const here = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  const far = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  function tell() {
    for (const t of document.querySelectorAll("time[datetime]")) {
      const at = new Date(t.dateTime);
      if (isNaN(at) || t.classList.contains("day")) continue;
      const seconds = (Date.now() - at) / 1000;
      t.title = t.dateTime + " (UTC), " + here.format(at) + " here";
      if (t.closest(".timeline")) continue;
      if (t.classList.contains("abs")) t.textContent = (Math.abs(seconds) < 180 * 86400 ? here : far).format(at);
      else if (Math.abs(seconds) < 30 * 86400) t.textContent = ago(seconds);
    }
  }
  tell();
  setInterval(tell, 30000);

  const place = document.querySelector(".top nav [aria-current]");
  if (place) place.parentNode.scrollLeft = place.offsetLeft - 80; // on a phone the navigation is wider than the page

  // News come while somebody looks: a browser has six connections to a server, and
  // a page in the background must not hold one.
  const news = document.getElementById("news");
  if (!news || !window.EventSource) return;
  const address = new URL(news.dataset.changes, location.href);
  let n = 0, source = null;
  function show() {
    const focused = news.contains(document.activeElement);
    news.textContent = "";
    const a = document.createElement("a");
    a.href = location.href;
    a.textContent = n === 0 ? "This page is told of changes no longer: reload" : (n === 1 ? "1 update" : n + " updates") + ", show";
    a.addEventListener("click", function (e) { e.preventDefault(); location.reload(); });
    news.append(a);
    news.hidden = false;
    if (focused) a.focus();
  }
  function watch() {
    if (document.hidden) {
      if (source) source.close();
      source = null;
    } else if (!source) {
      source = new EventSource(address);
      source.onmessage = function (e) {
        if (e.lastEventId) address.searchParams.set("since", e.lastEventId);
        n += Number(e.data) || 1;
        show();
      };
      // It asks again by itself after a break, but not after a refusal: the session
      // is over, or the server was on its way down.
      source.onerror = function () {
        if (!source || source.readyState !== EventSource.CLOSED) return;
        source = null;
        show();
        setTimeout(watch, 20000);
      };
      source.onopen = function () {
        if (n === 0) news.hidden = true;
      };
    }
  }
  document.addEventListener("visibilitychange", watch);
  watch();
})();

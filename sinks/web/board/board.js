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
    return "now";
  }
  function tell() {
    for (const t of document.querySelectorAll("time[datetime]")) {
      const at = Date.parse(t.dateTime);
      if (isNaN(at)) continue;
      const seconds = (Date.now() - at) / 1000;
      t.title = t.dateTime + " (UTC), " + new Date(at).toLocaleString() + " here";
      if (Math.abs(seconds) < 30 * 86400 && !t.closest(".timeline")) t.textContent = ago(seconds);
    }
  }
  tell();
  setInterval(tell, 30000);

  const news = document.getElementById("news");
  if (!news || !window.EventSource) return;
  let n = 0;
  const source = new EventSource(news.dataset.changes);
  source.onmessage = function (e) {
    n += Number(e.data) || 1;
    news.textContent = "";
    const a = document.createElement("a");
    a.href = location.href;
    a.textContent = (n === 1 ? "1 update" : n + " updates") + ", show";
    a.addEventListener("click", function (e) { e.preventDefault(); location.reload(); });
    news.append(a);
    news.hidden = false;
  };
})();

// Marks the current section in the contents, and highlights one run in all charts.
const links = new Map([...document.querySelectorAll(".side a")].map((a) => [a.hash.slice(1), a]));
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    links.forEach((link) => link.classList.remove("here"));
    links.get(entry.target.id)?.classList.add("here");
  }
}, { rootMargin: "-10% 0px -80% 0px" });
document.querySelectorAll("section[id]").forEach((section) => watcher.observe(section));

const side = document.querySelector(".side");
const narrow = window.matchMedia("(max-width: 60rem)");
const fold = () => { side.open = !narrow.matches; };
narrow.addEventListener("change", fold);
side.addEventListener("click", (event) => { if (event.target.tagName === "A") fold(); });
fold();

for (const button of document.querySelectorAll(".chips button")) {
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    const name = button.dataset.run;
    document.querySelectorAll(".chips button").forEach((other) =>
      other.setAttribute("aria-pressed", String(on && other.dataset.run === name)));
    document.body.classList.toggle("single", on);
    document.querySelectorAll("svg.chart [data-run]").forEach((mark) =>
      mark.classList.toggle("chosen", on && mark.dataset.run === name));
  });
}

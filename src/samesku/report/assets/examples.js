// --- Examples -----------------------------------------------------------------------------------

const AT_ONCE = 20;
for (const place of document.querySelectorAll("[data-examples]")) {
  const entries = data.examples[place.dataset.examples];
  const more = make("button", { class: "download", type: "button" });
  const fill = () => {
    const from = place.querySelectorAll(".example").length;
    const added = entries.slice(from, from + AT_ONCE).map((entry) => {
      const [number, note] = Array.isArray(entry) ? entry : [entry, null];
      const [left, right, score] = pairs[number];
      const button = make("button", { class: "example", type: "button" }, make("span", { class: "score" }, shownScore(score)), titleBeside(left, [right]), titleBeside(right, [left]), note ? make("span", { class: "more" }, note) : null);
      button.addEventListener("click", () => openPair(number, note));
      return button;
    });
    more.remove();
    place.append(...added);
    const rest = entries.length - from - added.length;
    more.textContent = `Show ${whole.format(Math.min(AT_ONCE, rest))} more of ${whole.format(rest)}`;
    if (rest > 0) place.append(more);
    if (from && added.length) added[0].focus();
  };
  more.addEventListener("click", fill);
  const fold = place.closest("details");
  if (fold && !fold.open) fold.addEventListener("toggle", fill, { once: true });
  else fill();
}

for (const button of document.querySelectorAll("button[data-csv]"))
  button.addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob(["\ufeff", data.files[button.dataset.csv]], { type: "text/csv" }));
    const link = make("a", { href: address, download: button.dataset.csv });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  });
document.documentElement.dataset.ready = "yes";

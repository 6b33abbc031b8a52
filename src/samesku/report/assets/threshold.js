// --- The threshold -----------------------------------------------------------------------------------

const plot = find("plot");
if (plot) {
  const points = data.curve;
  const own = points.reduce((best, point, at) => (Math.abs(point.threshold - data.threshold) < Math.abs(points[best].threshold - data.threshold) ? at : best), 0);
  const slider = find("threshold-slider");
  const measured = points.some((point) => point.precision !== null);
  const curves = measured ? [["precision", "main", ""], ["recall", "second", "second-curve"], ["f1", "third", "third-curve"]] : [["estimate", "main", ""]];
  slider.max = points.length - 1;
  slider.value = own;

  // Thresholds stand evenly side by side, and the handle below each.
  const left = 48, right = 10, thumb = 8;
  const step = () => (Math.max(260, plot.clientWidth) - left - right) / points.length;

  function paint() {
    const now = Number(slider.value), point = points[now];
    const width = Math.max(260, plot.clientWidth), top = 190, gap = 34, bottom = 80, base = top + gap + bottom;
    const x = (at) => left + (at + 0.5) * step();
    const y = (share) => 10 + (1 - share) * (top - 10);
    const picture = draw("svg", { class: "plot", viewBox: `0 0 ${width} ${base + 26}`, width, height: base + 26, "aria-hidden": "true" });
    for (const share of [0, 0.25, 0.5, 0.75, 1])
      picture.append(draw("line", { class: "grid", x1: left, x2: width - right, y1: y(share), y2: y(share) }), draw("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end" }, percent(share)));
    const most = Math.max(...points.map((each) => each.matches), 1);
    picture.append(draw("line", { class: "grid", x1: left, x2: width - right, y1: base, y2: base }), draw("text", { x: left, y: top + gap - 8 }, "matches"));
    picture.append(draw("text", { x: left - 6, y: top + gap + 8, "text-anchor": "end" }, most >= 10000 ? `${Math.round(most / 1000)}k` : whole.format(most)), draw("text", { x: left - 6, y: base, "text-anchor": "end" }, "0"));
    points.forEach((each, at) => {
      const height = (bottom * each.matches) / most;
      picture.append(draw("rect", { class: at === now ? "block here" : "block", x: x(at) - step() * 0.35, y: base - height, width: step() * 0.7, height }));
      // Beside its neighbours a tenth has room; the run's own threshold stands above.
      const tenths = Math.round(each.threshold * 100) / (width < 420 ? 20 : 10);
      if (Number.isInteger(tenths)) picture.append(draw("text", { x: x(at), y: base + 18, "text-anchor": "middle" }, each.threshold.toFixed(1)));
    });
    picture.append(draw("line", { class: "own", x1: x(own), x2: x(own), y1: 6, y2: base }));
    const late = own > points.length / 2;
    picture.append(draw("text", { class: "own-name", x: x(own) + (late ? -5 : 5), y: y(0) - 6, "text-anchor": late ? "end" : "start" }, "this run"));
    for (const [name, tone, look] of curves) {
      const there = points.map((each, at) => [at, each[name]]).filter(([, value]) => value !== null);
      picture.append(draw("path", { class: `curve tone-${tone} ${look}`, d: there.map(([at, value], place) => `${place ? "L" : "M"}${x(at).toFixed(1)},${y(value).toFixed(1)}`).join("") }));
      if (point[name] !== null) picture.append(draw("circle", { class: `dot tone-${tone}`, cx: x(now), cy: y(point[name]), r: 5 }));
    }
    picture.append(draw("line", { class: "now", x1: x(now), x2: x(now), y1: 6, y2: base }));
    plot.replaceChildren(picture);
    slider.style.marginLeft = `${x(0) - thumb}px`;
    slider.style.width = `${step() * (points.length - 1) + 2 * thumb}px`;
    show(point, now);
  }

  const correct = (point) => point.matches * ((measured ? point.precision : point.estimate) ?? 0);
  // What moving from the threshold of the run to another one costs or brings.
  function moved(point, now) {
    if (now === own) return "This is the threshold of the run.";
    const less = points[own].matches - point.matches, of = Math.round(correct(points[own]) - correct(point));
    const known = measured || point.estimate !== null;
    const rest = !known || less * of <= 0 ? "" : `, about ${whole.format(Math.min(Math.abs(of), Math.abs(less)))} of them right`;
    return `${many(Math.abs(less), "match", "matches")} ${less >= 0 ? "fewer" : "more"} than at the run's threshold, ${points[own].threshold.toFixed(2)}${rest}.`;
  }

  function show(point, now) {
    const shares = measured ? `precision ${percent(point.precision ?? 0, 1)}, recall ${percent(point.recall ?? 0, 1)}, F1 ${percent(point.f1 ?? 0, 1)} of pairs, by the labels` :
      point.estimate === null ? "no labels and no probabilities: precision is not known" : `precision of about ${percent(Math.min(0.999, point.estimate), 1)}, an estimate from the probabilities`;
    find("verdict").replaceChildren("At threshold ", make("strong", {}, point.threshold.toFixed(2)), ": ", make("strong", {}, whole.format(point.matches)), ` ${point.matches === 1 ? "match" : "matches"}; ${shares}. ${moved(point, now)}`);
    slider.setAttribute("aria-valuetext", `threshold ${point.threshold.toFixed(2)}, ${point.matches} matches`);
    for (const button of document.querySelectorAll("button[data-threshold]")) button.setAttribute("aria-pressed", String(Math.abs(Number(button.dataset.threshold) - point.threshold) < 1e-9));
  }

  const pointed = (event) => {
    if (!event.buttons) return;
    const at = Math.floor((event.clientX - plot.getBoundingClientRect().left - left) / step());
    slider.value = Math.max(0, Math.min(points.length - 1, at));
    paint();
  };
  for (const name of ["pointerdown", "pointermove"]) plot.addEventListener(name, pointed);
  slider.addEventListener("input", paint);
  for (const button of document.querySelectorAll("button[data-threshold]"))
    button.addEventListener("click", () => { slider.value = points.findIndex((point) => Math.abs(point.threshold - Number(button.dataset.threshold)) < 1e-9); paint(); });
  window.addEventListener("resize", paint);
  paint();
}


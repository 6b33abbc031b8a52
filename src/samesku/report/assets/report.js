"use strict";
// The page's only script. Titles are hostile: whatever a seller wrote becomes text, never markup.

const data = JSON.parse(document.getElementById("data").textContent);
const { postings, pairs, phrases, photos } = data;
const find = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function draw(name, attributes = {}, text = null) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== null) element.textContent = text;
  return element;
}

const many = (number, one, several = `${one}s`) => `${whole.format(number)} ${number === 1 ? one : several}`;
const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}%`;
// A score of three digits: sure but not certain is no 100%.
const shownScore = (thousandths) =>
  thousandths === null ? "–" : data.probabilistic ? `${Math.min(99.9, thousandths / 10).toFixed(thousandths > 990 ? 1 : 0)}%` : (thousandths / 1000).toFixed(2);

// --- Titles -------------------------------------------------------------------------------------

const [ID, TITLE, MARKS, PHOTO, HIDDEN, PRICE, LABEL, SIDE, CURRENCY] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const plain = (word) => word.toLowerCase().normalize("NFKD").replace(/[^\p{L}\p{N}]+/gu, "");

// What each word of a title says: its own letters, or the quantity or colour it is part of.
function said(number) {
  const words = postings[number][TITLE].split(" ").map((word) => ({ shown: word, value: plain(word), kind: null }));
  for (const [start, stop, kind, value] of postings[number][MARKS])
    for (let place = start; place < stop && place < words.length; place++) {
      words[place].kind = phrases[kind];
      words[place].value = phrases[value];
    }
  return words;
}

// Words that all others share agree; sizes, counts, colours that others state otherwise clash.
function titleBeside(number, others) {
  const theirs = others.map((other) => {
    const values = new Set(), kinds = new Map();
    for (const word of said(other)) {
      values.add(word.value);
      if (word.kind !== null) kinds.set(word.kind, (kinds.get(word.kind) || new Set()).add(word.value));
    }
    return { values, kinds };
  });
  const line = make("bdi", { dir: "auto" });
  said(number).forEach((word, place) => {
    if (place) line.append(" ");
    const agrees = word.value && theirs.length && theirs.every((other) => other.values.has(word.value));
    const clashes = word.kind !== null && theirs.some((other) => other.kinds.has(word.kind) && !other.kinds.get(word.kind).has(word.value));
    if (clashes) line.append(make("mark", { class: "clash", title: "said otherwise in another title" }, word.shown));
    else if (agrees) line.append(make("mark", { class: "agree" }, word.shown));
    else line.append(word.shown);
  });
  if (!postings[number][TITLE]) line.append("(no title)");
  if (postings[number][HIDDEN]) line.append(make("span", { class: "more" }, ` … and ${whole.format(postings[number][HIDDEN])} more characters`));
  return line;
}

const bare = (number) => make("bdi", { dir: "auto" }, postings[number][TITLE] || "(no title)");
const price = (number) => {
  const value = postings[number][PRICE], currency = postings[number][CURRENCY];
  if (value === null || value === undefined) return null;
  return value.toLocaleString("en", { maximumFractionDigits: 2 }) + (currency ? ` ${currency}` : "");
};
function photo(number, alt = "") {
  const place = postings[number][PHOTO];
  return place < 0 ? null : make("img", { src: photos[place], alt, loading: "lazy", decoding: "async" });
}
// Beside postings with a photo one without keeps its place.
const photoAmong = (number, others) =>
  photo(number, "photo of the posting") || (others.some((other) => postings[other][PHOTO] >= 0) ? make("div", { class: "bare" }, "no photo") : null);

// --- Why ----------------------------------------------------------------------------------------

const chance = (logOdds) => 1 / (1 + Math.exp(-logOdds));

function words(parts) {
  const quoted = (part) => phrases[part[0]];
  const kept = parts.filter((part) => part.length > 1 && phrases[part[0]] !== "start");
  const pro = kept.filter((part) => part[1] > 0).slice(0, 2).map(quoted);
  const con = kept.filter((part) => part[1] < 0).slice(0, 2).map(quoted);
  const speaks = [pro.length ? `For it: ${pro.join(", ")}.` : "Nothing speaks for it.", con.length ? `Against it: ${con.join(", ")}.` : "Nothing speaks against it."];
  return speaks.join(" ");
}

// A waterfall as a table: it starts before anything is looked at and ends at the pair's probability.
function waterfall(pair) {
  const [, , score, parts] = pair;
  if (!parts.length) return make("p", { class: "hint" }, score === null ? "This pair was never scored itself; others of its cluster match." : "No explanation was written for this pair: it is too unlikely.");
  if (parts.some((part) => part.length < 2)) return make("p", {}, parts.map((part) => phrases[part[0]]).join("; "));
  const ordered = [...parts.filter((part) => phrases[part[0]] === "start"), ...parts.filter((part) => phrases[part[0]] !== "start")];
  let sum = 0;
  const steps = ordered.map(([phrase, added]) => {
    const before = sum;
    sum += added / 100;
    return { phrase: phrases[phrase], added: added / 100, before, after: sum };
  });
  const edges = steps.flatMap((step) => [step.before, step.after]);
  const low = Math.min(0, ...edges), width = Math.max(0, ...edges) - low || 1;
  const place = (value) => `${((100 * (value - low)) / width).toFixed(2)}%`;
  const body = make("tbody");
  for (const step of steps) {
    const bar = make("i", { class: step.phrase === "start" ? "start" : step.added < 0 ? "against" : "for" });
    bar.style.left = place(Math.min(step.before, step.after));
    bar.style.width = `${((100 * Math.abs(step.added)) / width).toFixed(2)}%`;
    const track = make("div", { class: "bar", "aria-hidden": "true" }, bar);
    track.style.setProperty("--zero", place(0));
    const name = step.phrase === "start" ? "before looking (most pairs differ)" : step.phrase;
    body.append(make("tr", {}, make("th", { scope: "row" }, make("bdi", { dir: "auto" }, name)), make("td", { class: "track" }, track),
      make("td", { class: "number" }, (step.added > 0 ? "+" : "") + step.added.toFixed(2)), make("td", { class: "number" }, percent(chance(step.after)))));
  }
  body.append(make("tr", { class: "sum" }, make("th", { scope: "row" }, "together"), make("td", { class: "track" }),
    make("td", { class: "number" }, sum.toFixed(2)), make("td", { class: "number" }, shownScore(score))));
  const head = make("tr", {}, ...["reason", "", "log-odds", "so far"].map((name, at) => make("th", { scope: "col", class: at > 1 ? "number" : null }, name || make("span", { class: "skip" }, "bar"))));
  const said = make("p", { class: "hint" }, "Log-odds add up: 0 is as likely as not, +1 is 73%, +3 is 95%, -3 is 5%.");
  return make("div", {}, make("p", {}, words(ordered)), make("table", { class: "fall" }, make("thead", {}, head), body), said);
}

function side(number, other) {
  const own = postings[number];
  const fine = [own[ID], own[LABEL] === null || own[LABEL] === undefined ? null : `label ${own[LABEL]}`, own[SIDE] === undefined || own[SIDE] === null ? null : data.shops[own[SIDE]]];
  return make("div", {}, photoAmong(number, [other]), titleBeside(number, [other]),
    price(number) === null ? null : make("div", { class: "price" }, price(number)), make("p", { class: "fine hint" }, make("bdi", {}, fine.filter(Boolean).join(" · "))));
}

function why(number) {
  const [left, right] = pairs[number];
  return make("div", { class: "why" }, make("div", { class: "sides" }, side(left, right), side(right, left)), waterfall(pairs[number]));
}

// --- What the labels say -------------------------------------------------------------------------

const labelOf = (number) => postings[number][LABEL] ?? null;
const truthOf = ([, , , , , , products, missing]) => (products === 0 ? "" : products > 1 ? "mixed" : missing > 0 ? "lacking" : "right");
const truths = {
  right: { tone: "right", tag: () => "right", note: () => "The labels agree: one product, and all of its postings." },
  lacking: { tone: "lacking", tag: (cluster) => `lacks ${whole.format(cluster[7])}`, note: (cluster) => `The labels say one product, but ${whole.format(cluster[7])} of its postings ${cluster[7] > 1 ? "are" : "is"} elsewhere.` },
  mixed: { tone: "mixed", tag: (cluster) => `${cluster[6]} products`, note: (cluster) => `By their labels these are ${cluster[6]} products.` },
};
// Whether a pair that matched is right, where both labels are known.
function verdict(left, right) {
  const labels = [labelOf(left), labelOf(right)];
  if (labels.includes(null)) return null;
  const right_ = labels[0] === labels[1];
  return make("span", { class: `tag ${right_ ? "right" : "mixed"}` }, right_ ? "right" : "wrong");
}

// --- Opened -------------------------------------------------------------------------------------

const box = find("opened");
let opener = null;

function open(title, ...content) {
  opener = document.activeElement;
  find("opened-title").textContent = title;
  find("opened-inside").replaceChildren(...content);
  if (!box.open) box.showModal();
  box.scrollTop = 0;
}
find("close").addEventListener("click", () => box.close());
box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
box.addEventListener("close", () => { if (opener) opener.focus(); });

const openPair = (number, more = null) =>
  open(`${shownScore(pairs[number][2])}: one product or two?`, ...(more ? [make("p", { class: "note" }, more)] : []), why(number));

function openCluster(cluster) {
  const [members, size, certainty, , own, number] = cluster;
  const list = make("ul", { class: "members" });
  // Large clusters are read against their surest pair; all against all would mark nothing.
  const beside = (member) => (members.length <= 6 ? members : members.slice(0, 2)).filter((other) => other !== member);
  // Two postings are one pair, which shows them itself.
  for (const member of members.length > 2 || !own.length ? members : []) {
    const fine = [postings[member][ID], data.labelled && postings[member][LABEL] !== undefined && postings[member][LABEL] !== null ? `label ${postings[member][LABEL]}` : null];
    list.append(make("li", {}, photoAmong(member, members), titleBeside(member, beside(member)),
      price(member) === null ? null : make("div", { class: "price" }, price(member)), make("p", { class: "fine" }, make("bdi", {}, fine.filter(Boolean).join(" · ")))));
  }
  const notes = [];
  if (members.length < size) notes.push(make("p", { class: "hint" }, `${members.length} of its ${whole.format(size)} postings are shown.`));
  const truth = truths[truthOf(cluster)];
  if (truth) notes.push(make("p", { class: `note ${truth.tone}` }, truth.note(cluster)));
  const details = own.map((pair, at) => {
    const [left, right, score] = pairs[pair];
    const detail = make("details", { class: "pair" }, make("summary", {}, make("span", {}, make("b", {}, shownScore(score)), " ", verdict(left, right)), make("span", { class: "both" }, bare(left), " — ", bare(right))));
    // A pair is drawn when it is looked at.
    const fill = () => { if (detail.open && detail.children.length < 2) detail.append(why(pair)); };
    detail.addEventListener("toggle", fill);
    if (at === 0) { detail.open = true; fill(); }
    return detail;
  });
  const heading = !number ? make("p", { class: "hint" }, "No pair of these was scored: identical postings are scored as one.") : make("h3", {}, own.length < number ? `Why: ${own.length} of ${whole.format(number)} pairs, the surest and the least sure` : "Why: each pair");
  open(`${whole.format(size)} postings, ${certainty === null ? "not scored" : `${shownScore(certainty)} ${data.probabilistic ? "sure" : "mean score"}`}`, ...notes, ...(list.childElementCount ? [list] : []), heading, ...details);
}

// --- The list -----------------------------------------------------------------------------------

const list = find("list");
// Rows that go on paper.
const PRINTED = 60;
if (list) {
  const space = list.firstElementChild;
  const text = data.clusters.map((cluster) => cluster[0].map((member) => `${postings[member][TITLE]} ${postings[member][ID]}`).join(" ").toLowerCase());
  const has = data.clusters.map((cluster) => cluster[0].some((member) => postings[member][PHOTO] >= 0));
  const narrow = window.matchMedia("(max-width: 40rem)");
  let shown = [], chosen = 0, printing = false;
  const rowHeight = () => (narrow.matches ? 128 : 96);

  function row(at) {
    const cluster = data.clusters[shown[at]];
    const [members, size, certainty, spread] = cluster;
    const pictures = make("span", { class: "photos" });
    for (const member of members) {
      const picture = pictures.children.length < 3 ? photo(member) : null;
      if (picture) pictures.append(picture);
    }
    const extra = size > 2 ? ` and ${whole.format(size - 2)} more` : "";
    const sure = certainty === null ? "" : data.probabilistic ? `${shownScore(certainty)} sure` : `score ${shownScore(certainty)}`;
    const prices = members.map(price).filter((each) => each !== null);
    // All links are of two; their prices are shown instead.
    const facts = data.shops && size === 2 ? [sure, prices.length === 2 ? `${prices[0]} | ${prices[1]}` : ""] : [`${whole.format(size)} postings`, sure];
    const marks = make("span", { class: "marks" }, make("b", {}, facts[0]), make("span", {}, facts[1]));
    const truth = truths[truthOf(cluster)];
    if (truth) marks.append(make("span", { class: `tag ${truth.tone}` }, truth.tag(cluster)));
    else if (spread) marks.append(make("span", {}, `price +${percent(spread / 1000)}`));
    const element = make("div", { class: "row", role: "option", id: `row-${at}`, "aria-setsize": shown.length, "aria-posinset": at + 1, "aria-selected": at === chosen ? "true" : "false" },
      pictures, make("span", { class: "words" }, bare(members[0]), make("span", { class: "second" }, bare(members[1]), extra)), marks);
    element.style.top = `${at * rowHeight()}px`;
    element.addEventListener("click", () => { choose(at); openCluster(cluster); });
    return element;
  }

  // While what is in sight stays within the rows that are there, scrolling costs nothing.
  let there = [0, 0];
  function painted() {
    const height = rowHeight();
    return list.scrollTop >= there[0] * height && (list.scrollTop + list.clientHeight <= there[1] * height || there[1] === shown.length);
  }

  function paint() {
    const height = rowHeight();
    list.style.setProperty("--rows", `${Math.max(1, shown.length) * height + 2}px`);
    space.style.height = printing ? "auto" : `${shown.length * height}px`;
    const first = printing ? 0 : Math.max(0, Math.floor(list.scrollTop / height) - 8);
    const last = printing ? Math.min(shown.length, PRINTED) : Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / height) + 8);
    there = [first, last];
    const rows = [];
    for (let at = first; at < last; at++) rows.push(row(at));
    space.replaceChildren(...rows);
    const inSight = chosen >= first && chosen < last;
    if (inSight) list.setAttribute("aria-activedescendant", `row-${chosen}`);
    else list.removeAttribute("aria-activedescendant");
  }

  function choose(at) {
    if (!shown.length) return;
    chosen = Math.max(0, Math.min(shown.length - 1, at));
    const height = rowHeight(), top = chosen * height;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + height > list.scrollTop + list.clientHeight) list.scrollTop = top + height - list.clientHeight;
    paint();
  }

  const order = {
    unsure: (a, b) => (a[2] ?? 2000) - (b[2] ?? 2000),
    sure: (a, b) => (b[2] ?? -1) - (a[2] ?? -1),
    large: (a, b) => b[1] - a[1],
    spread: (a, b) => (b[3] ?? -1) - (a[3] ?? -1),
  };

  const [one, several] = data.shops ? ["link", "links"] : ["cluster", "clusters"];
  const count = () => { find("counted").textContent = `${whole.format(shown.length)} of ${many(data.clusters.length, one, several)}`; };

  function filter() {
    const asked = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const least = Number(find("size")?.value ?? 2), [low, high] = find("certainty").value.split("-").map(Number);
    const spread = find("spread") ? Number(find("spread").value) : 0;
    const truth = find("truth") ? find("truth").value : "", seen = find("seen") && find("seen").checked;
    shown = [];
    data.clusters.forEach((cluster, at) => {
      const sure = cluster[2] ?? 1000;
      if (cluster[1] < least || sure < low || sure > high) return;
      if (spread && (cluster[3] ?? -1) < spread) return;
      if (truth && truthOf(cluster) !== truth) return;
      if (seen && !has[at]) return;
      if (asked.length && !asked.every((word) => text[at].includes(word))) return;
      shown.push(at);
    });
    const by = order[find("sort").value];
    shown.sort((a, b) => by(data.clusters[a], data.clusters[b]) || a - b);
    count();
    list.scrollTop = 0;
    chosen = 0;
    paint();
  }

  let waiting = 0;
  const usual = { search: "", size: "2", certainty: "0-1000", spread: "0", truth: "", sort: "unsure" };
  for (const id of [...Object.keys(usual), "seen"]) {
    const control = find(id);
    if (control) control.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, id === "search" ? 120 : 0); });
  }
  // A link that says which clusters it means shows these alone.
  for (const link of document.querySelectorAll("a[data-set]"))
    link.addEventListener("click", () => {
      const asked = new URLSearchParams(link.dataset.set);
      for (const [id, value] of Object.entries(usual)) if (find(id)) find(id).value = asked.get(id) ?? value;
      if (find("seen")) find("seen").checked = false;
      filter();
    });
  let asked = 0;
  list.addEventListener("scroll", () => { if (!asked) asked = requestAnimationFrame(() => { asked = 0; if (!painted()) paint(); }); });
  narrow.addEventListener("change", () => choose(chosen));
  window.addEventListener("resize", paint);
  window.addEventListener("beforeprint", () => {
    printing = true;
    if (shown.length > PRINTED) find("counted").textContent = `The first ${PRINTED} of ${whole.format(shown.length)} ${several}: filter the list to print others.`;
    paint();
  });
  window.addEventListener("afterprint", () => { printing = false; count(); paint(); });
  list.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(list.clientHeight / rowHeight()) - 1);
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (step !== undefined && !event.ctrlKey && !event.metaKey) { event.preventDefault(); choose(chosen + step); }
    else if (event.key === "Enter" && shown.length) { event.preventDefault(); openCluster(data.clusters[shown[chosen]]); }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, select, textarea, dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { event.preventDefault(); find("search").focus(); }
    else if ((event.key === "j" || event.key === "k") && document.activeElement !== list) { list.focus(); choose(chosen + (event.key === "j" ? 0 : -1)); }
  });
  find("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") { event.preventDefault(); list.focus(); }
  });
  filter();
}


"use strict";
const $ = (id) => document.getElementById(id);
const tab = Math.random().toString(36).slice(2);
const done = [];
let current = null, passed = [], busy = false, names = [], ahead = null;

async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  if (answer.status === 401) { $("enter").hidden = false; $("work").hidden = true; $("token").focus(); }
  if (!answer.ok) {
    const told = (await answer.json().catch(() => ({}))).detail;
    throw new Error(typeof told === "string" ? told : `the service answered ${answer.status}`);
  }
  return answer;
}

function make(name, text, kind) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

const counted = (number) => `${number} ${number === 1 ? "posting" : "postings"}`;

// A text of a seller, in the direction of its own script.
function isolated(name, text) {
  const element = make(name, text);
  element.dir = "auto";
  return element;
}

async function photo(article, id) {
  if (!article.isConnected) return;
  const answer = await ask(`/postings/${encodeURIComponent(id)}/photo`).catch(() => null);
  if (!answer || article.dataset.id !== id) return;
  const button = make("button", undefined, "photo"), image = make("img");
  image.src = URL.createObjectURL(await answer.blob());
  image.alt = "Photo of the posting; press to enlarge";
  button.append(image);
  button.addEventListener("click", () => image.classList.toggle("large"));
  article.prepend(button);
}

function side(article, told) {
  article.replaceChildren();
  article.dataset.id = told.posting.posting_id;
  const title = isolated("h2", told.title.length ? undefined : "(no title)");
  for (const word of told.title) title.append(make("span", word.text, word.shared ? "shared" : "own"), " ");
  if (told.hidden) title.append(make("bdi", `… and ${told.hidden} more characters`));
  const list = make("dl");
  for (const [name, value] of Object.entries(told.posting)) {
    if (name === "title" || name === "image_phash") continue;
    list.append(make("dt", name), isolated("dd", String(value)));
  }
  list.append(make("dt", "cluster"), make("dd", counted(told.members)));
  article.append(title, list);
  photo(article, told.posting.posting_id);
}

function progress({ decided, audit }) {
  if (!audit) return `${decided} decided`;
  const part = (name) => audit[name]
    ? `, ${name} ${audit[name][0].toFixed(2)} (${audit[name][1].toFixed(2)}-${audit[name][2].toFixed(2)})` : "";
  const more = audit.more ? `; about ${audit.more} more random answers for intervals within 0.03` : "";
  return `${decided} decided; by ${audit.answers} random answers${part("precision")}${part("recall")}${more}`;
}

async function fetched(without) {
  const query = new URLSearchParams({ tab });
  for (const each of without.slice(-150)) query.append("after", each);
  return (await ask(`/review/next?${query}`)).json();
}

// The pair after this one comes while this one is looked at.
async function next(decided = null) {
  let told = ahead && decided !== null ? await ahead.catch(() => null) : null;
  if (told) told.decided += decided;
  else told = await fetched(passed);
  ahead = null;
  $("enter").hidden = true;
  $("work").hidden = told.pair === null;
  $("progress").textContent = progress(told);
  current = told.pair;
  $("clusters").hidden = true;
  button("clusters").setAttribute("aria-expanded", "false");
  if (!current) { $("message").textContent = "No pair is in doubt."; return; }
  names = [...new Set(told.sides.map((each) => each.cluster))];
  const [left, right] = document.querySelectorAll("#sides article");
  side(left, told.sides[0]);
  side(right, told.sides[1]);
  $("probability").textContent = `Probability ${told.probability.toFixed(2)}. What speaks for it (+) and against it (-), in log-odds:`;
  ahead = fetched([...passed, current.join("|")]);
  ahead.catch(() => {});
  $("reasons").replaceChildren(...told.reasons.map(reason));
}

function reason({ reason, log_odds }) {
  const item = make("li");
  item.append(make("b", (log_odds > 0 ? "+" : "") + log_odds.toFixed(2)), " ", isolated("bdi", reason));
  return item;
}

const button = (what) => document.querySelector(`[data-do="${what}"]`);
const SHOWN = 100;

function member(posting) {
  const item = make("li"), label = make("label"), box = make("input");
  box.type = "checkbox";
  box.checked = true;
  box.value = posting.posting_id;
  label.append(box, " ", isolated("bdi", posting.title || posting.posting_id));
  item.append(label);
  item.dataset.id = posting.posting_id;
  return item;
}

function event(told) {
  const when = new Date(told.time * 1000).toLocaleString();
  return make("li", `${when}: ${told.verb}${told.actor ? ` by ${told.actor}` : ""}, ${counted(told.postings.length)}`);
}

async function clusters() {
  const opened = $("clusters").hidden;
  if (opened) {
    const found = await Promise.all(names.map(async (name) => [
      await (await ask(`/clusters/${name}`)).json(),
      await (await ask(`/clusters/${name}/history`)).json(),
    ]));
    const postings = found.flatMap(([each]) => each.postings);
    const items = postings.slice(0, SHOWN).map(member);
    $("members").replaceChildren(...items);
    const events = new Map(found.flatMap(([, each]) => each.events.map((one) => [one.number, one])));
    $("history").replaceChildren(...[...events.values()].slice(-SHOWN).map(event));
    const more = postings.length > SHOWN ? ` The first ${SHOWN} of ${postings.length} are listed.` : "";
    $("asked").textContent = (names.length > 1
      ? "Two clusters. Leave out what is another product, and merge the rest."
      : "One cluster. Leave out what is another product, and accept the rest.") + more;
    $("accepting").textContent = names.length > 1 ? "Merge" : "Accept";
    $("clusters").hidden = false;
    items.forEach((item) => photo(item, item.dataset.id));
    items[0].querySelector("input").focus();
  } else $("clusters").hidden = true;
  button("clusters").setAttribute("aria-expanded", String(opened));
}

async function accept() {
  if ($("clusters").hidden) { await clusters(); return; }
  const without = [...document.querySelectorAll("#members input:not(:checked)")].map((box) => box.value);
  const merging = names.length > 1;
  const body = merging ? { clusters: names, without } : { cluster: names[0], without };
  done.push((await (await ask(merging ? "/merge" : "/accept", body)).json()).event);
  if (current) passed.push(current.join("|"));
  await next();
}

async function act(what) {
  if (busy) return;
  busy = true;
  $("message").textContent = "";
  let decided = null;
  try {
    if (what === "clusters") { await clusters(); return; }
    if (what === "accept") { await accept(); return; }
    if (what === "next" && current) { passed.push(current.join("|")); decided = 0; }
    else if (what === "undo") {
      const event = done.pop();
      if (event === undefined) throw new Error("there is nothing to undo");
      await ask("/undo", { event });
    } else if (current) {
      const [left_id, right_id] = current;
      done.push((await (await ask("/pins", { left_id, right_id, verdict: what })).json()).event);
      decided = 1;
    }
    await next(decided);
  } catch (error) { $("message").textContent = error.message; } finally { busy = false; }
}

const keys = { s: "same", d: "different", u: "unsure", n: "next", z: "undo", c: "clusters", a: "accept" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.id === "token") return;
  if (keys[event.key]) { event.preventDefault(); act(keys[event.key]); }
});
document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => act(button.dataset.do)));
$("blind").addEventListener("change", () => { $("why").hidden = $("blind").checked; });
$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", $("token").value);
  $("message").textContent = "";
  next().catch((error) => { $("message").textContent = error.message; });
});
next().catch((error) => { $("message").textContent = error.message; });

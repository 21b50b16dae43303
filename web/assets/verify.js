// The page that checks a receipt: takes a file or a text, and shows what came of it.
import { check, read } from "./receipt.js";

const maxText = 32 << 20; // bytes of a file; a copy of everything is smaller
const maxReceipts = 500;

const form = document.getElementById("check");
const result = document.getElementById("result");
const said = document.getElementById("said"); // read out by screen readers
const file = document.getElementById("file");
const text = document.getElementById("text");
const key = document.getElementById("key");

const verdicts = {
  proved: ["✓", "Proved", "allowed"],
  partly: ["?", "Not proved", "unsure"],
  broken: ["✗", "Broken", "refused"],
};
const states = { ok: ["✓", "Holds"], bad: ["✗", "Does not hold"], open: ["?", "Not checked"] };
const kinds = {
  "collected": "Data was given or collected", "consent-given": "A yes was given", "consent-confirmed": "A yes was confirmed",
  "consent-withdrawn": "A yes was taken back", "consent-refused": "A no was given", "objected": "An objection was made",
  "objection-ended": "An objection was dropped", "restricted": "The use of data was restricted", "unrestricted": "A restriction was lifted",
  "link-sent": "A one-time link was sent", "identity-verified": "An address was shown to be the person’s", "joined": "Two records were joined",
  "request-made": "A request was made", "request-answered": "Data was looked at by the person", "copy-handed-over": "A copy was handed over",
  "corrected": "Data was corrected", "erased": "Data was erased", "expired": "Data was erased because its time was over",
  "imported": "Data was brought in from a file", "told": "The person was told that data about them is held",
  "sent": "A message was sent", "disclosed": "Data was disclosed", "looked-at": "Staff looked at data",
};

// element makes an element; texts are only ever put in as text.
function element(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

const icon = (sign) => element("span", { class: "icon", "aria-hidden": "true" }, sign);

function showVerdict(verdict, says) {
  const [sign, word, kind] = verdicts[verdict];
  return element("div", { class: `answer ${kind}`, "data-verdict": verdict }, element("p", { class: "verdict" }, icon(sign), " ", element("strong", {}, word + "."), " " + says));
}

function saysOf(outcome) {
  if (outcome.verdict === "proved") {
    return `${kindOf(outcome.document)} on ${timeOf(outcome.document)}. This was recorded then, and stands in the log under the key given.`;
  }
  if (outcome.verdict === "broken") return "This receipt does not show what it says. " + firstOf(outcome, "bad");
  return "Nothing is wrong in what could be checked, but not everything could be. " + firstOf(outcome, "open");
}

const firstOf = (outcome, state) => outcome.steps.find((s) => s.state === state).says;
const kindOf = (document) => kinds[document?.type] ?? `Something of the kind “${String(document?.type).slice(0, 64)}” happened`;
const timeOf = (document) => {
  const at = new Date(document?.at);
  return Number.isNaN(at.getTime()) ? "a day that cannot be read" : at.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" }) + " UTC";
};

function showSteps(steps) {
  return element("ol", { class: "checks" }, ...steps.map((s) => {
    const [sign, word] = states[s.state];
    return element("li", { class: s.state, "data-state": s.state }, icon(sign), element("div", {},
      element("p", {}, element("strong", {}, s.title + ". "), element("span", { class: "soft" }, word + ".")), element("p", { class: "small" }, s.says)));
  }));
}

// showDocument tells what the receipt says; only what was proved is told.
function showDocument(outcome) {
  const d = outcome.document;
  const body = d.body ?? {};
  const rows = [["What", kindOf(d)], ["When", timeOf(d)], ["Under", d.policy ? `policy ${d.policy}, version ${d.version}` : "no policy"]];
  for (const p of Array.isArray(body.purposes) ? body.purposes : []) rows.push(["For", String(p?.title || p?.purpose || p)]);
  if (typeof body.shown === "string") rows.push(["The words shown", body.shown]);
  if (d.subject) rows.push(["Person", element("code", {}, String(d.subject))]);
  rows.push(["Event", element("span", {}, `${outcome.index}, `, element("code", {}, String(d.id)))]);
  return element("dl", { class: "pairs" }, ...rows.flatMap(([k, v]) => [element("dt", {}, k), element("dd", {}, v)]));
}

function showOne(outcome) {
  const parts = [showVerdict(outcome.verdict, saysOf(outcome)), element("h3", {}, "Step by step"), showSteps(outcome.steps)];
  if (outcome.verdict === "proved") parts.splice(1, 0, showDocument(outcome));
  return parts;
}

// showAll shows many receipts of one file: first what they come to, then each.
function showAll(outcomes) {
  const count = (v) => outcomes.filter((o) => o.verdict === v).length;
  const verdict = count("broken") > 0 ? "broken" : count("partly") > 0 ? "partly" : "proved";
  const says = `${outcomes.length} receipts: ${count("proved")} proved, ${count("partly")} not proved, ${count("broken")} broken.`;
  return [showVerdict(verdict, says), ...outcomes.map((o) => element("details", { class: "card", ...(o.verdict !== "proved" && { open: "" }) },
    element("summary", {}, icon(verdicts[o.verdict][0]), ` ${verdicts[o.verdict][1]}: ${kindOf(o.document)}, ${timeOf(o.document)}`), ...showOne(o)))];
}

const limits = [
  "That the key is the organisation’s. Compare it with the one they print elsewhere, or that somebody you trust has kept.",
  "That everybody is shown the same log. Whoever keeps checkpoints, or a witness, can tell.",
  "That the thing still holds: a yes may have been taken back since. That would be an event, and a receipt, of its own.",
];

function show(verdict, ...parts) {
  result.replaceChildren(element("h2", { id: "outcome", tabindex: "-1" }, "What came of it"), ...parts,
    element("h3", {}, "What this page did not check"), element("ul", {}, ...limits.map((l) => element("li", {}, l))));
  result.hidden = false;
  result.dataset.verdict = verdict;
  said.textContent = result.querySelector(".verdict").textContent;
  document.getElementById("outcome").focus();
}

async function checkAll(source) {
  const receipts = read(source);
  if (receipts.length > maxReceipts) throw new Error(`The file holds ${receipts.length} receipts; this page checks at most ${maxReceipts} at once. Use the command below.`);
  const outcomes = [];
  for (const r of receipts) outcomes.push(await check(r, key.value));
  const parts = outcomes.length === 1 ? showOne(outcomes[0]) : showAll(outcomes);
  show(parts[0].dataset.verdict, ...parts);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    if (text.value.trim() === "") throw new Error("Choose a receipt, or paste one.");
    await checkAll(text.value);
  } catch (e) {
    show("broken", showVerdict("broken", e.message));
  }
});

// A chosen file is put where a pasted one stands, so that there is one thing that is checked.
file.addEventListener("change", async () => {
  const chosen = file.files[0];
  if (chosen === undefined) return;
  if (chosen.size > maxText) {
    show("broken", showVerdict("broken", "The file is larger than any receipt."));
    return;
  }
  text.value = await chosen.text();
  result.hidden = true;
});

form.hidden = false;

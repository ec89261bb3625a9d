// Lists the push ledger of one DAG. The data come from Airflow's own API, with the rights of whoever looks.
"use strict";

const REFRESH_MILLISECONDS = 5000;
const PAGE_ENTRIES = 100;
const ENTRIES_LIMIT = 2000;
const dagId = new URLSearchParams(window.location.search).get("dag_id") || "";
const assetName = `push-to-${dagId}`;

async function read(path) {
  const answer = await fetch(`../api/v2/${path}`, { credentials: "same-origin", headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.json();
}

async function storedValues() {
  const found = await read(`assets?limit=${PAGE_ENTRIES}&name_pattern=${encodeURIComponent(assetName)}`);
  const asset = found.assets.find((candidate) => candidate.name === assetName);
  const values = new Map();
  if (!asset) return values;
  for (let offset = 0; offset < ENTRIES_LIMIT; offset += PAGE_ENTRIES) {
    const page = await read(`assets/${Number(asset.id)}/state-store?limit=${PAGE_ENTRIES}&offset=${offset}`);
    for (const entry of page.asset_state_store) values.set(entry.key, entry.value);
    if (offset + PAGE_ENTRIES >= page.total_entries) break;
  }
  return values;
}

// The same rows as watching/push_table.py makes for the terminal.
function rowsOf(values) {
  const rows = new Map();
  for (const commit of values.get("commits") || []) {
    const record = values.get(`commit:${commit}`);
    if (record) rows.set(commit, record);
  }
  for (const sighting of values.get("sightings") || []) {
    if (rows.has(sighting.commit)) continue;
    const time = sighting.unix_time;
    rows.set(sighting.commit, { ...sighting, state: "waiting", reason: "No run has looked at it yet.", seen_unix_time: time, changed_unix_time: time });
  }
  return [...rows.values()].reverse().sort((a, b) => b.seen_unix_time - a.seen_unix_time);
}

function moment(seconds) {
  return typeof seconds === "number" && seconds > 0 ? new Date(seconds * 1000).toLocaleString() : "–";
}

function linked(record) {
  const cell = element("td");
  if (!record.run_id) return cell;
  const link = element("a", record.run_id);
  link.setAttribute("href", `run?dag_id=${encodeURIComponent(dagId)}&run_id=${encodeURIComponent(record.run_id)}`);
  cell.append(link);
  return cell;
}

function line(record) {
  const state = shorten(record.state);
  const reason = state === "superseded" ? `by ${shorten(record.reason).slice(0, 12)}` : record.reason;
  const ref = shorten(record.ref).replace(/^refs\/heads\//, "").replace(/^refs\/tags\//, "tag ");
  const made = element("tr");
  const badge = element("td");
  badge.append(element("span", state, `badge ${/^[a-z]+$/.test(state) ? state : ""}`));
  made.append(badge, element("td", shorten(record.commit).slice(0, 12), "number"), element("td", ref));
  made.append(element("td", moment(record.seen_unix_time), "number"), element("td", moment(record.changed_unix_time), "number"));
  made.append(linked(record), element("td", reason));
  return made;
}

function draw(rows) {
  const head = ["state", "commit", "branch or tag", "seen", "changed", "run", "why"].map((name) => [name, ""]);
  byId("headline").textContent = rows.length ? `${rows.length} commits were pushed to ${shorten(dagId)}` : "Nothing was pushed yet";
  byId("pushes").replaceChildren(row(head, "th"), ...rows.map(line));
  show("pushes", rows.length > 0);
}

async function refresh() {
  if (!document.hidden) {
    try {
      draw(rowsOf(await storedValues()));
      byId("freshness").textContent = `as of ${new Date().toLocaleTimeString()}`;
    } catch (error) {
      byId("freshness").textContent = `not up to date: ${error.message}`;
    }
  }
  window.setTimeout(refresh, REFRESH_MILLISECONDS);
}

refresh();

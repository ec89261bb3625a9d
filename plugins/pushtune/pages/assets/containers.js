// Lists the training containers that the last check found, and the newest actions of healing with their reasons.
"use strict";

const REFRESH_MILLISECONDS = 10000;
const query = window.location.search;

function moment(seconds) {
  return typeof seconds === "number" && seconds > 0 ? new Date(seconds * 1000).toLocaleString() : "–";
}

function taskOf(record) {
  const task = record.task_id || "";
  return record.map_index >= 0 ? `${task}[${record.map_index}]` : task;
}

function bytes(count) {
  return typeof count === "number" ? `${(count / 2 ** 20).toFixed(1)} MiB` : "";
}

function fillTable(id, head, rows) {
  byId(id).replaceChildren(row(head.map((name) => [name, ""]), "th"), ...rows.map((cells) => row(cells, "td")));
  show(id, rows.length > 0);
}

function draw(view) {
  const count = view.containers.length;
  byId("headline").textContent = count === 1 ? "1 training container" : `${count} training containers`;
  fillTable("containers", ["verdict", "status", "DAG", "run", "task", "attempt", "container", "why"], view.containers.map((record) => [
    [record.verdict, ""], [record.status, ""], [record.dag_id, ""], [record.run_id, ""], [taskOf(record), ""],
    [record.attempt, "number"], [record.name, ""], [record.reason, ""],
  ]));
  fillTable("actions", ["time", "what", "action", "DAG", "run", "task", "freed", "why"], view.actions.map((record) => [
    [moment(record.unix_time), "number"], [record.name, ""], [`${record.verdict}: ${record.action}`, ""], [record.dag_id, ""],
    [record.run_id, ""], [taskOf(record), ""], [bytes(record.bytes), "number"], [record.reason, ""],
  ]));
  byId("freshness").textContent = view.checked_unix_time ? `checked ${moment(view.checked_unix_time)}` : "not checked yet";
}

async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch(`containers/data${query}`, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      draw(await answer.json());
    } catch (error) {
      byId("freshness").textContent = `not up to date: ${error.message}`;
    }
  }
  window.setTimeout(refresh, REFRESH_MILLISECONDS);
}

refresh();

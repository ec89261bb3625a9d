// Fills the page of one run. Everything that comes from a repository is written as text, never as markup.
"use strict";

const REFRESH_MILLISECONDS = 4000;
const FINAL_STATES = ["success", "failed"];
const asked = new URLSearchParams(window.location.search);

function number(value) {
  if (typeof value !== "number") return "–";
  const size = Math.abs(value);
  return size === 0 || (size >= 0.001 && size < 1000) ? value.toFixed(4) : value.toPrecision(4);
}

function duration(seconds) {
  if (typeof seconds !== "number") return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function fillList(id, texts) {
  byId(id).replaceChildren(...texts.map((text) => element("li", text)));
  show(id, texts.length > 0);
}

function fillPairs(id, pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  byId(id).replaceChildren(...known.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  show(id, known.length > 0);
}

function fillNumbers(report, metric) {
  const before = report.baseline || {};
  const after = report.final || {};
  const rows = [row([["", ""], ["as pushed", ""], ["final", ""]], "th")];
  rows.push(row([[`validation ${metric}`, ""], [number(before.objective), "number"], [number(after.objective), "number"]], "td"));
  rows.push(row([[`test ${metric}`, ""], [number(before.test), "number"], [number(after.test), "number"]], "td"));
  rows.push(row([["target", ""], ["", ""], [report.target === null ? "none" : number(report.target), "number"]], "td"));
  const reads = report.test_reads || {};
  rows.push(row([["test data read", ""], [`${reads.baseline || 0}`, "number"], [`${reads.final || 0} (trials: ${reads.trials || 0})`, "number"]], "td"));
  byId("numbers").replaceChildren(...rows);
  show("numbers", typeof before.objective === "number");
}

function better(direction) {
  const worst = direction === "minimize" ? Infinity : -Infinity;
  const value = (trial) => (typeof trial.objective === "number" ? trial.objective : worst);
  return (a, b) => (value(a) === value(b) ? a.number - b.number : direction === "minimize" ? value(a) - value(b) : value(b) - value(a));
}

function fillTrials(report, direction) {
  const head = ["trial", "round", "status", "objective", "best epoch", "time", "changes", "why"].map((name) => [name, ""]);
  const rows = [...report.trials].sort(better(direction)).map((trial) => row([
    [trial.number, "number"],
    [trial.round || "", "number"],
    [trial.status, ""],
    [number(trial.objective), "number"],
    [trial.best_epoch || "", "number"],
    [duration(trial.seconds), "number"],
    [trial.changes.join(", ") || trial.label, ""],
    [trial.reason, ""],
  ], "td", trial.number === report.winning_trial ? "winner" : ""));
  byId("trials").replaceChildren(row(head, "th"), ...rows);
  show("trials", rows.length > 0);
}

function fillError(error) {
  const box = byId("error");
  box.hidden = !error;
  if (!error) return;
  const place = error.file ? ` at ${error.file}:${error.line}` : "";
  const parts = [element("h2", `Failed in ${error.stage || "an unknown stage"}${place}`), element("div", error.message)];
  if (error.traceback) parts.push(element("pre", error.traceback));
  box.replaceChildren(...parts);
}

function liveText(item) {
  const epochs = item.epochs ? `, epoch ${item.epoch} of ${item.epochs}` : "";
  const age = typeof item.heartbeat_age_seconds === "number" ? `, last sign of life ${duration(item.heartbeat_age_seconds)} ago` : "";
  return `${item.name}: ${item.phase}${epochs}${age}`;
}

function fillFacts(report) {
  const model = report.model || {};
  const mail = report.mail || {};
  fillPairs("code", [
    ["repository", report.repository], ["branch", report.branch], ["commit", report.commit], ["subject", report.subject],
    ["author", report.author], ["script", report.entry], ["framework", report.framework], ["family", report.family],
    ["image", report.image], ["not trained", report.skipped],
  ]);
  fillPairs("model", [
    ["model", model.name ? `${model.name} version ${model.version}` : ""],
    ["champion", model.name ? (model.champion ? "yes" : "no") : ""],
    ["reason", model.reason], ["served", model.serving ? `${model.serving.serving ? "yes" : "not yet"}: ${model.serving.reason}` : ""],
    ["files", model.path], ["mail to", (mail.to || []).join(", ")], ["mail sent by", mail.where],
    ["threads", (report.threads || {}).reason],
  ]);
  fillPairs("seconds", Object.entries(report.seconds_per_stage || {}).map(([stage, seconds]) => [stage, duration(seconds)]));
  fillList("evidence", (report.evidence || []).map((item) => `${item.file}:${item.line} ${item.says || ""}`));
  fillList("warnings", (report.warnings || []).map((item) => (item.file ? `${item.file}:${item.line} ${item.message}` : item.message)));
  fillList("changes", report.winning_changes || []);
}

function draw(view, again) {
  const report = view.report;
  const objective = report.objective || {};
  const metric = shorten(objective.metric || "objective").replace(/[^\w .%-]/g, "_");
  const badge = byId("outcome");
  badge.textContent = report.outcome.replace(/_/g, " ");
  badge.className = `badge ${/^[a-z_]+$/.test(report.outcome) ? report.outcome : ""}`;
  byId("headline").textContent = shorten([report.repository, report.commit ? report.commit.slice(0, 7) : "", report.subject].filter(Boolean).join(" ") || view.note);
  fillError(report.error);
  fillNumbers(report, metric);
  fillTrials(report, objective.direction);
  fillFacts(report);
  const live = again ? view.live : [];
  fillList("live", live.map(liveText));
  show("curves", view.curves.some((curve) => curve.points.length > 0));
  show("progress", report.trials.filter((trial) => typeof trial.objective === "number").length > 1);
  if (!byId("curves-card").hidden) drawCurves(byId("curves"), view.curves, report.winning_trial, metric, report.target);
  if (!byId("progress-card").hidden) drawProgress(byId("progress"), report.trials, objective.direction, metric, report.target);
}

// Whether the run is over, from Airflow's own API with the rights of whoever looks; null where it does not say.
async function isOver() {
  const [dag, run] = ["dag_id", "run_id"].map((name) => encodeURIComponent(asked.get(name) || ""));
  const answer = await fetch(`../api/v2/dags/${dag}/dagRuns/${run}`, { credentials: "same-origin", headers: { Accept: "application/json" } });
  if (answer.status === 404) return true; // Airflow does not know the run any more
  return answer.ok ? FINAL_STATES.includes((await answer.json()).state) : null;
}

async function readView(over) {
  const query = new URLSearchParams(asked);
  query.delete("over");
  if (over !== null) query.set("over", String(over));
  const answer = await fetch(`run/data?${query}`, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.json();
}

async function refresh() {
  let again = true;
  if (!document.hidden) {
    try {
      const over = await isOver(); // before the files are read: what a run that is over has written is all there
      const view = await readView(over);
      const goesOn = over === null ? view.report.outcome === "running" : !over;
      draw(view, goesOn);
      again = goesOn;
      byId("freshness").textContent = again ? `live, ${new Date().toLocaleTimeString()}` : "";
    } catch (error) {
      byId("freshness").textContent = `not up to date: ${error.message}`;
    }
  }
  if (again) window.setTimeout(refresh, REFRESH_MILLISECONDS);
}

refresh();

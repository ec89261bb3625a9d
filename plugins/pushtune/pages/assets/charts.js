// Draws the two charts. Texts that come from a repository are never given to Plotly, which reads some markup in them.
"use strict";

const CHART_OPTIONS = { displayModeBar: false, responsive: true };
const SHOWN_CURVES = 40;

// longest: the largest number on the horizontal axis, which counts epochs or trials.
function chartLayout(xTitle, yTitle, target, longest) {
  const text = getComputedStyle(document.body).color;
  const grid = "rgba(128,128,128,0.2)";
  return {
    margin: { l: 56, r: 12, t: 8, b: 40 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: text, size: 12 },
    xaxis: { title: { text: xTitle }, gridcolor: grid, zeroline: false, rangemode: "tozero", tickformat: "d", tick0: 0, dtick: Math.max(1, Math.ceil(longest / 12)) },
    yaxis: { title: { text: yTitle }, gridcolor: grid, zeroline: false },
    hovermode: "closest",
    showlegend: true,
    legend: { traceorder: "reversed" },
    shapes: typeof target === "number"
      ? [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: target, y1: target, line: { dash: "dash", width: 1, color: "#1a7f4b" } }]
      : [],
  };
}

function longestOf(traces) {
  return Math.max(1, ...traces.flatMap((trace) => trace.x));
}

function curveTrace(curve, winner) {
  const own = curve.number === 0;
  const best = curve.number === winner;
  return {
    type: "scatter",
    mode: curve.points.length > 1 ? "lines" : "markers",
    name: own ? "as pushed" : `trial ${curve.number}`,
    x: curve.points.map((point) => point[0]),
    y: curve.points.map((point) => point[1]),
    opacity: own || best ? 1 : 0.55,
    line: { width: own || best ? 3 : 1.5, color: own ? "#888" : best ? "#1a7f4b" : undefined },
  };
}

function drawCurves(element, curves, winner, metric, target) {
  const filled = curves.filter((curve) => curve.points.length > 0);
  const kept = filled.filter((curve) => curve.number === 0 || curve.number === winner);
  const others = filled.filter((curve) => !kept.includes(curve)).slice(-SHOWN_CURVES);
  const traces = [...others, ...kept].map((curve) => curveTrace(curve, winner));
  Plotly.react(element, traces, chartLayout("epoch", metric, target, longestOf(traces)), CHART_OPTIONS);
  return filled.length;
}

function bestSoFar(values, direction) {
  let best = null;
  return values.map((value) => {
    if (best === null || (direction === "minimize" ? value < best : value > best)) best = value;
    return best;
  });
}

function drawProgress(element, trials, direction, metric, target) {
  const valued = trials.filter((trial) => typeof trial.objective === "number");
  const groups = new Map();
  for (const trial of valued) groups.set(trial.status, [...(groups.get(trial.status) || []), trial]);
  const traces = [...groups].map(([status, members]) => ({
    type: "scatter",
    mode: "markers",
    name: STATUS_NAMES.has(status) ? status : "other",
    x: members.map((trial) => trial.number),
    y: members.map((trial) => trial.objective),
    cliponaxis: false,
    marker: { size: 9, symbol: status === "done" ? "circle" : "x" },
  }));
  traces.push({
    type: "scatter",
    mode: "lines",
    name: "best so far",
    line: { shape: "hv", color: "#1a7f4b", width: 1.5 },
    x: valued.map((trial) => trial.number),
    y: bestSoFar(valued.map((trial) => trial.objective), direction),
  });
  Plotly.react(element, traces, chartLayout("trial (0 is the script as pushed)", metric, target, longestOf(traces)), CHART_OPTIONS);
  return valued.length;
}

const STATUS_NAMES = new Set(["done", "pruned", "infeasible", "failed", "skipped", "script_error", "interrupted", "running"]);

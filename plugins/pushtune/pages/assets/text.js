// What all pages share. Everything that comes from a repository is written as text, never as markup.
"use strict";

const TEXT_LIMIT = 2000;

const byId = (id) => document.getElementById(id);

function shorten(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT)}…` : text;
}

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = shorten(text);
  if (className) made.className = className;
  return made;
}

function row(cells, tag, className) {
  const made = element("tr", undefined, className);
  for (const [text, kind] of cells) made.append(element(tag, text, kind));
  return made;
}

function show(id, filled) {
  byId(`${id}-card`).hidden = !filled;
}

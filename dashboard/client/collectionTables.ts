/** What was made of runs, below them: a table each of sweeps, ensembles, and champions with their schedules. */
import { combinationTitle } from "../../format/combinationTitle.ts"
import { moment } from "../../format/moment.ts"
import { count, percent } from "../../format/numbers.ts"
import type { Collections } from "../messages.ts"
import { element, fill } from "./element.ts"
import { scrollTable } from "./scrollTable.ts"
import { none, runAddress } from "./texts.ts"

const sentence = (text: string) => element("span", { class: "sentence" }, text)

const section = (
  id: string,
  title: string,
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<Node | string>>,
) =>
  rows.length === 0
    ? []
    : [
        element(
          "section",
          { "aria-labelledby": id },
          element("h2", { id, tabindex: -1 }, title),
          scrollTable(title, head, rows).element,
        ),
      ]

/** What is below the runs, part by part, so that a part that has not changed is left alone. */
const collectionTables: ReadonlyArray<{
  readonly part: "sweeps" | "ensembles" | "champions"
  readonly draw: (collections: Collections) => ReadonlyArray<HTMLElement>
}> = [
  {
    part: "sweeps",
    draw: ({ sweeps }) =>
      section(
        "sweeps",
        "Sweeps",
        ["sweep", "state", "trials", "best so far"],
        sweeps.map(({ best, isFinished, measured, name, problem, trials }) => [
          element("a", { href: `/sweeps/${name}` }, name),
          problem ?? (isFinished ? "finished" : "not finished"),
          trials === null ? none : `${count(measured)} of ${count(trials)}`,
          sentence(best ?? none),
        ]),
      ),
  },
  {
    part: "ensembles",
    draw: ({ ensembles }) =>
      section(
        "ensembles",
        "Ensembles",
        ["ensemble", "members", "combined by", "test error"],
        ensembles.map(({ combine, members, name, problem, testError }) => [
          element("a", { href: `/ensembles/${name}` }, name),
          problem === null ? count(members) : none,
          problem ?? (combine === null ? none : combinationTitle(combine)),
          percent(testError),
        ]),
      ),
  },
  {
    part: "champions",
    draw: ({ champions }) =>
      section(
        "champions",
        "Champions and schedules",
        ["experiment", "champion", "test accuracy", "since", "schedule"],
        champions.map(({ accuracy, experiment, run, since, summary }) => [
          element("a", { href: "/champions" }, experiment),
          run === null ? none : element("a", { href: runAddress(run) }, run),
          percent(accuracy),
          since === null ? none : element("span", { class: "whole" }, moment(since)),
          sentence(summary.join("; ")),
        ]),
      ),
  },
]

export const makeCollectionTables = () => {
  const places = collectionTables.map((table) => ({ ...table, place: element("div"), drawn: "" }))
  return {
    element: element(
      "div",
      {},
      places.map(({ place }) => place),
    ),
    update: (collections: Collections) => {
      for (const one of places) {
        const found = JSON.stringify(collections[one.part])
        if (found === one.drawn) continue
        one.drawn = found
        fill(one.place, one.draw(collections))
      }
    },
  }
}

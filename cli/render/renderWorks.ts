/** The works of a queue as a table: (works to show, how many there are) -> text. */
import { count } from "../../format/numbers.ts"
import type { ListedWork } from "../../schemas/QueuedWork.ts"
import { table } from "./table.ts"

const shortId = 8

export const renderWorks = (works: ReadonlyArray<ListedWork>, total: number): string => {
  if (works.length === 0) return total === 0 ? "the queue is empty" : `${count(total)} works, all have ended`
  const rows = works.map(({ id, outcome, reason, state, what, worker }) => [
    id.slice(0, shortId),
    state,
    what,
    worker ?? outcome?.run ?? "–",
    reason,
  ])
  return table(["id", "state", "work", "worker or run", "reason"], rows, 5)
}

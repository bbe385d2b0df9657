/** The dashboard in the browser: address -> view. */
import { championsView } from "./championsView.ts"
import { collectionView } from "./collectionView.ts"
import { compareView } from "./compareView.ts"
import { drawView } from "./drawView.ts"
import { element } from "./element.ts"
import { onConnectionStatus } from "./live.ts"
import type { Status } from "./connection.ts"
import { startRouter, type View } from "./router.ts"
import { runsView } from "./runsView.ts"
import { runView } from "./runView.ts"

const unknownView = (): View => ({
  title: "Not found",
  content: element("div", { class: "view" }, element("h1", {}, "There is nothing at this address")),
})

const open = (url: URL): View => {
  const [, kind, name, ...rest] = url.pathname.split("/")
  const decoded = decodeURIComponent(name ?? "")
  if (rest.length > 0) return unknownView()
  if (kind === "") return runsView(url)
  if (kind === "runs" && decoded !== "") return runView(decoded)
  if (kind === "compare") return compareView(url)
  if ((kind === "sweeps" || kind === "ensembles") && decoded !== "") return collectionView(kind, decoded)
  if (kind === "champions") return championsView()
  if (kind === "draw") return drawView(url)
  return unknownView()
}

const words: Readonly<Record<Status, string>> = {
  connecting: "connecting…",
  live: "live",
  polling: "live, by polling",
  lost: "no connection: the dashboard does not respond; trying again",
  signedOut: "not signed in: open the address that the dashboard printed",
}

const connection = document.querySelector<HTMLElement>(".connection")
onConnectionStatus((status) => {
  if (connection === null) return
  connection.dataset.connection = status
  connection.textContent = words[status]
})

const main = document.querySelector("main")
if (main !== null) startRouter(main, open)

/** Champions and what their schedules did: the history page, made again whenever one of them changes. */
import { element } from "./element.ts"
import { follow } from "./live.ts"
import type { View } from "./router.ts"
import { staticFrame } from "./staticFrame.ts"

export const championsView = (): View => {
  const address = "/pages/history.html"
  const frame = staticFrame("Champions and schedules", address)
  const nobody = element(
    "p",
    { class: "empty", hidden: true },
    "There are no champions in this folder. The command promote makes a run the champion, and a schedule finds them by itself.",
  )
  const actions = element(
    "p",
    { class: "actions" },
    element("a", { class: "button", href: `${address}?save`, download: "" }, "Save as a page"),
  )
  const place = element("div")
  let version: string | undefined
  follow(["runs"], (message) => {
    if (message.kind !== "runs" || message.collections === null) return
    if (message.collections.championsVersion === version) return
    version = message.collections.championsVersion
    const hasAny = message.collections.champions.length > 0
    nobody.hidden = hasAny
    actions.hidden = !hasAny
    if (!hasAny) place.replaceChildren()
    else if (place.childElementCount === 0) place.append(frame.element)
    else frame.reload()
  })
  return {
    title: "Champions",
    content: element(
      "div",
      { class: "view" },
      element("div", { class: "view-head" }, element("h1", {}, "Champions"), actions),
      nobody,
      place,
    ),
    close: frame.close,
  }
}

/**
 * A static page inside a view: (address) -> element. The page is the one that the command line writes, made from the files at
 * this moment; it runs no script. Its height is that of its content.
 */
import { element } from "./element.ts"
import { runAddress } from "./texts.ts"

/** A link to the report of a run leads to the run's view. */
const reportOf = /\/pages\/([^/]+)\/report\.html$/

/** The page has the margins and the type of a page of its own: here it is a part of the view, and begins where its other parts do. */
const fitIn = (page: Document) => {
  page.body.style.display = "block"
  for (const part of page.querySelectorAll<HTMLElement>("nav, .page")) {
    Object.assign(part.style, { maxWidth: "none", margin: "0", paddingLeft: "0", paddingRight: "0" })
  }
  const contents = page.querySelector("nav")
  const list = contents?.querySelector("ul")
  if (contents !== null) Object.assign(contents.style, { position: "static", paddingTop: "0" })
  if (list !== null && list !== undefined) list.style.display = "flex"
  const title = page.querySelector("h1")
  if (title !== null) title.style.fontSize = "1.3rem"
}

export const staticFrame = (title: string, address: string) => {
  const frame = element("iframe", { class: "static-page", title, src: address, loading: "lazy" })
  const fit = () => {
    const page = frame.contentDocument?.documentElement
    if (page !== undefined && page !== null) frame.style.height = `${page.scrollHeight + 8}px`
  }
  const resized = new ResizeObserver(fit)
  frame.addEventListener("load", () => {
    const page = frame.contentDocument
    if (page === null) return
    for (const link of page.querySelectorAll("a")) {
      const [, id] = reportOf.exec(link.pathname) ?? []
      if (id === undefined) continue
      link.href = runAddress(decodeURIComponent(id))
      link.target = "_top"
    }
    fitIn(page)
    resized.disconnect()
    resized.observe(page.body)
    fit()
  })
  return {
    element: frame,
    /** Makes the page again from the files. */
    reload: () => frame.setAttribute("src", address),
    close: () => resized.disconnect(),
  }
}

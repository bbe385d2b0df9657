/**
 * A static page inside a view: (address) -> element. The page is the one that the command line writes, made from the files at
 * this moment; it runs no script. Its height is that of its content.
 */
import { element } from "./element.ts"
import { runAddress } from "./texts.ts"

/** A link to the report of a run leads to the run's view. */
const reportOf = /\/pages\/([^/]+)\/report\.html$/

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

/** Views by address: the address bar holds all of a view's state, so a reload, a link and the back button lead to the same. */

export interface View {
  /** The title of the document, in front of the program's name. */
  readonly title: string
  readonly content: HTMLElement
  readonly close?: () => void
}

type Open = (url: URL) => View

let draw: (url: URL) => void = () => {}

/** Goes to an address of the dashboard. */
export const go = (address: string): void => {
  history.pushState(null, "", address)
  draw(new URL(location.href))
}

/** Changes the query of the present address, without a step in the history. */
export const setQuery = (query: URLSearchParams): void => {
  const text = query.toString()
  history.replaceState(null, "", text === "" ? location.pathname : `${location.pathname}?${text}`)
}

const isPlainClick = (event: MouseEvent) =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey

/** Pages and files are the server's. */
const isServed = (path: string) => /^\/(pages|files|api)\//.test(path)

export const startRouter = (main: HTMLElement, open: Open): void => {
  let current: View | undefined
  draw = (url) => {
    current?.close?.()
    current = open(url)
    document.title = `${current.title} · tidemark`
    main.replaceChildren(current.content)
    for (const link of document.querySelectorAll<HTMLAnchorElement>(".bar nav a")) {
      if (link.pathname === url.pathname) link.setAttribute("aria-current", "page")
      else link.removeAttribute("aria-current")
    }
  }
  addEventListener("popstate", () => draw(new URL(location.href)))
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null
    if (link === null || link.target !== "" || link.hasAttribute("download") || !isPlainClick(event)) return
    if (link.origin !== location.origin || isServed(link.pathname)) return
    // A place in this page.
    if (link.hash !== "" && link.pathname === location.pathname) return
    event.preventDefault()
    go(link.href)
    scrollTo(0, 0)
    main.focus({ preventScroll: true })
  })
  draw(new URL(location.href))
}

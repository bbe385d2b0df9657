/**
 * Elements of the page: (tag, properties, children) -> element. Text becomes text nodes and nothing else, so whatever a run
 * directory holds cannot become markup. (The content security policy enforces it: no string is ever parsed as HTML.)
 */
export type Child = Node | string | number | null | undefined | false | ReadonlyArray<Child>

type Properties = Readonly<
  Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>
>

const append = (parent: Node, child: Child): void => {
  if (child === null || child === undefined || child === false) return
  if (typeof child === "object" && !(child instanceof Node)) for (const each of child) append(parent, each)
  else parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)))
}

/** Attributes that may hold an address; only those of the dashboard itself are set. */
const addresses = new Set(["href", "src"])
const isOwn = (address: string) => /^\/(?!\/)|^#|^blob:|^data:image\/png;base64,/.test(address)

export const element = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: ReadonlyArray<Child>
): HTMLElementTagNameMap[Tag] => {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue
    if (typeof value === "function") made.addEventListener(name.slice(2), value)
    else if (addresses.has(name) && !isOwn(String(value))) continue
    else made.setAttribute(name, value === true ? "" : String(value))
  }
  append(made, children)
  return made
}

/** Replaces what is in an element. */
export const fill = (parent: Element, ...children: ReadonlyArray<Child>): void => {
  const fragment = document.createDocumentFragment()
  append(fragment, children)
  parent.replaceChildren(fragment)
}

/** Changes a text only if it differs, so that selections and screen readers are left alone. */
export const setText = (node: Element, text: string): void => {
  if (node.textContent !== text) node.textContent = text
}

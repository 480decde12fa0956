type Value = string | boolean | undefined
type Listeners = { readonly [name: string]: (event: Event) => void }
type Attributes = { readonly [name: string]: Value }
type Child = Node | string | undefined

const SVG = 'http://www.w3.org/2000/svg'

const dressed = <E extends Element>(element: E, attributes: Attributes): E => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    element.setAttribute(name, value === true ? '' : value)
  }
  return element
}

const filled = <E extends Element>(element: E, children: readonly Child[]): E => {
  element.append(...children.filter((child) => child !== undefined))
  return element
}

/** An element with attributes (`true`: present, `undefined` and `false`: absent) and children. Text stays text. */
export const make = <T extends keyof HTMLElementTagNameMap>(
  tag: T,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[T] => filled(dressed(document.createElement(tag), attributes), children)

/** The same, in SVG. */
export const draw = (
  tag: string,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElement => filled(dressed(document.createElementNS(SVG, tag), attributes), children)

/** Lets an element hear events. */
export const hearing = <E extends Element>(element: E, listeners: Listeners): E => {
  for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener)
  return element
}

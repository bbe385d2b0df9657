/** A program's variables as nodes of a graph, with the nodes that read and assign them. */
import type { Shape } from "../trace/graph.ts"
import { type Name, shapeAttribute, type TensorFlowGraph, textAttribute, typeAttribute } from "./graph.ts"

export class Variables {
  readonly #graph: TensorFlowGraph
  readonly #handles: ReadonlyMap<string, Name>

  constructor(graph: TensorFlowGraph, shapes: ReadonlyMap<string, Shape>) {
    this.#graph = graph
    const handle = (name: string, shape: Shape) =>
      graph.named(`variables/${name}`, "VarHandleOp", [], {
        dtype: typeAttribute("float32"),
        shape: { shape: shapeAttribute(shape) },
        shared_name: textAttribute(name),
        container: textAttribute(""),
      })
    this.#handles = new Map([...shapes].map(([name, shape]) => [name, handle(name, shape)]))
  }

  handle(variable: string): Name {
    const found = this.#handles.get(variable)
    if (found === undefined) throw new Error(`the program has no variable ${variable}`)
    return found
  }

  read(variable: string, prefix: string): Name {
    const dtype = typeAttribute("float32")
    return this.#graph.named(`${prefix}/${variable}`, "ReadVariableOp", [this.handle(variable)], { dtype })
  }

  assign(variable: string, value: Name, prefix: string, control: ReadonlyArray<string> = []): Name {
    const inputs = [this.handle(variable), value, ...control]
    const dtype = typeAttribute("float32")
    return this.#graph.named(`${prefix}/${variable}`, "AssignVariableOp", inputs, { dtype })
  }
}

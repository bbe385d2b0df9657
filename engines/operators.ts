/**
 * Operations on elements that have the same meaning in TensorFlow.js, ONNX and TensorFlow: one row each.
 *
 * A row has the names of an operation: its kernel in TensorFlow.js, and its operators in ONNX and in TensorFlow. To add an
 * operation, add a row and a parity case.
 */

export interface Operator {
  readonly kernel: string
  readonly onnx: string
  readonly tensorflow: string
}
const row = (kernel: string, onnx = kernel, tensorflow = onnx): Operator => ({ kernel, onnx, tensorflow })

/** [..] × [..] -> [..] with broadcasting */
export const arithmetic = {
  Add: row("Add", "Add", "AddV2"),
  Sub: row("Sub"),
  Mul: row("Multiply", "Mul"),
  Div: row("RealDiv", "Div", "RealDiv"),
  Maximum: row("Maximum", "Max", "Maximum"),
  Minimum: row("Minimum", "Min", "Minimum"),
  Pow: row("Pow"),
}

/** [..] × [..] -> booleans [..] with broadcasting */
export const comparisons = {
  Greater: row("Greater"),
  GreaterEqual: row("GreaterEqual", "GreaterOrEqual", "GreaterEqual"),
  Less: row("Less"),
  LessEqual: row("LessEqual", "LessOrEqual", "LessEqual"),
  Equal: row("Equal"),
  LogicalAnd: row("LogicalAnd", "And", "LogicalAnd"),
  LogicalOr: row("LogicalOr", "Or", "LogicalOr"),
}

/** One input, one output of the same shape. */
export const functions = {
  LogicalNot: row("LogicalNot", "Not", "LogicalNot"),
  Relu: row("Relu"),
  Exp: row("Exp"),
  Log: row("Log"),
  Sqrt: row("Sqrt"),
  Neg: row("Neg"),
  Erf: row("Erf"),
  Sigmoid: row("Sigmoid"),
  Tanh: row("Tanh"),
  Softplus: row("Softplus"),
  Elu: row("Elu"),
  Selu: row("Selu"),
  Abs: row("Abs"),
  Sign: row("Sign"),
  Floor: row("Floor"),
  Sin: row("Sin"),
  Cos: row("Cos"),
  Reciprocal: row("Reciprocal"),
}

export const operators = { ...arithmetic, ...comparisons, ...functions }
export type ElementOperation = keyof typeof operators

export const rowsOf = <K extends string>(rows: Readonly<Record<K, Operator>>) =>
  (Object.keys(rows) as Array<K>).map((name) => [name, rows[name]] as const)

/** A rule for every row. */
export const rulesOf = <R>(rule: (operator: Operator) => R) =>
  Object.fromEntries(rowsOf(operators).map(([name, row]) => [name, rule(row)])) as Record<ElementOperation, R>

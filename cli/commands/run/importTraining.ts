/**
 * What training needs: engines and stages, and the libraries of the onnx engine. They take most of the start-up time, so they are
 * imported while a thread evaluates the experiment file, and not at all where there is no such file.
 */
export const importTraining = () => {
  const modules = [
    import("../../../pipeline/engineChoice/engineFor.ts"),
    import("../../../pipeline/startRun.ts"),
    import("../../../engines/onnx/Onnx.ts"),
  ]
  // Whoever uses a module imports it again, and gets the reason if that fails.
  for (const module of modules) module.catch(() => undefined)
}

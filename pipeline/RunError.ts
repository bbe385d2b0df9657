/**
 * Every way a run can end but well: the errors of all stages, as one schema (what a durable workflow must be able to
 * write down). Anything else is a defect of the program.
 */
import { Schema } from "effect"
import { EngineFailed, GpuNotUsable, KernelNotSupported, StateMismatch } from "../engines/Engine.ts"
import { Interrupted } from "../schemas/Interrupted.ts"
import { Paused } from "../schemas/Paused.ts"
import { ModelShapeMismatch } from "../schemas/experiment/ModelShapeMismatch.ts"
import { BatchThreadFailed } from "../stages/batch/Filler.ts"
import { BudgetPassed, CheckpointDamaged, ForkNotRepeatable } from "../stages/train/checkpoint.ts"
import { OwnCodeFailed } from "../stages/code/load.ts"
import { ContentNotKnown, DataNotAvailable, OwnFileNotFound } from "../stages/fetch/fetch.ts"
import {
  ClassesMismatch,
  SourceChanged,
  SourceFilesRefused,
  SourceInvalid,
  SourceNotFound,
} from "../stages/pack/SourceInvalid.ts"
import { IdxInvalid } from "../stages/dataset/idx.ts"
import { ImageMemoryInvalid } from "../stages/dataset/images.ts"
import { CountMismatch, LabelOutOfRange, LabelShapeMismatch } from "../stages/dataset/load.ts"
import { ChecksumMismatch, ImageShapeMismatch } from "../stages/dataset/loadImages.ts"
import { SplitEmpty } from "../stages/dataset/split.ts"
import { MemoryExceeded } from "../stages/model/memory.ts"
import { NonFiniteLoss } from "../stages/train/NonFiniteLoss.ts"
import { ConflictingLabels, GroupsDivided, RepeatedAcrossSplits } from "../stages/validate/repeatedImages.ts"
import { OutOfBounds } from "../stages/validate/validate.ts"
import { AttemptSuperseded } from "../storage/attempts.ts"
import { StorageFailed } from "../storage/StorageFailed.ts"
import { ParentClassesDiffer, TestSetLeakage } from "./lineage/parents.ts"

export const RunError = Schema.Union([
  Interrupted,
  Paused,
  AttemptSuperseded,
  StorageFailed,
  DataNotAvailable,
  OwnFileNotFound,
  ContentNotKnown,
  SourceNotFound,
  SourceInvalid,
  SourceFilesRefused,
  SourceChanged,
  ClassesMismatch,
  IdxInvalid,
  ChecksumMismatch,
  ImageShapeMismatch,
  ImageMemoryInvalid,
  LabelShapeMismatch,
  CountMismatch,
  LabelOutOfRange,
  OutOfBounds,
  RepeatedAcrossSplits,
  ConflictingLabels,
  GroupsDivided,
  SplitEmpty,
  TestSetLeakage,
  ParentClassesDiffer,
  ModelShapeMismatch,
  MemoryExceeded,
  KernelNotSupported,
  GpuNotUsable,
  EngineFailed,
  StateMismatch,
  NonFiniteLoss,
  CheckpointDamaged,
  BudgetPassed,
  ForkNotRepeatable,
  BatchThreadFailed,
  OwnCodeFailed,
])
export type RunError = typeof RunError.Type

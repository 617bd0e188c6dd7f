/** The formats that are recognized. Raw data is what none of them matches. */
import type { ImageFormat } from "../format_steps.ts";
import { QCOW2 } from "./qcow2.ts";

export const FORMATS: readonly ImageFormat[] = [QCOW2];

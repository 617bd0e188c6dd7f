/** The formats that are detected. Data that matches none of them is raw. */
import type { ImageFormat } from "../format_steps.ts";
import { QED, VDI, VHD } from "./fixed_header.ts";
import { GPT } from "./gpt.ts";
import { ISO } from "./iso.ts";
import { LUKS } from "./luks.ts";
import { QCOW2 } from "./qcow2.ts";
import { VHDX } from "./vhdx.ts";
import { VMDK } from "./vmdk.ts";

export const FORMATS: readonly ImageFormat[] = [QCOW2, QED, VHD, VHDX, VMDK, VDI, ISO, GPT, LUKS];

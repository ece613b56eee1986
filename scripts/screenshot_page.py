#!/usr/bin/env python3
"""A picture of a page of `flux inspect --html`, as headless Chromium draws it.

    screenshot_page.py PAGE PICTURE WIDTHxHEIGHT [--colour age] [--hover X,Y]      --hover: of the map, each from 0 to 1
"""
import argparse
import base64
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests/app/inspect"))
import page_test  # noqa: E402

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("page", type=lambda name: pathlib.Path(name).resolve())
parser.add_argument("picture", type=pathlib.Path)
parser.add_argument("size", type=lambda text: [int(number) for number in text.split("x")])
parser.add_argument("--colour")
parser.add_argument("--hover", type=lambda text: [float(number) for number in text.split(",")])
arguments = parser.parse_args()

chromium = page_test.browser()
try:
    width, height = arguments.size
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    chromium.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    page = page_test.Page(chromium, arguments.page)
    if arguments.colour:
        page.choose("colour", arguments.colour)
    if arguments.hover:
        canvas = chromium.find_element(By.ID, "canvas")
        across, down = ((share - 0.5) * side for share, side in zip(arguments.hover, (canvas.size["width"], canvas.size["height"])))
        ActionChains(chromium).move_to_element_with_offset(canvas, int(across), int(down)).perform()
    page.colours()  # once it is drawn
    picture = chromium.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
    arguments.picture.write_bytes(base64.b64decode(picture))
finally:
    chromium.quit()

import re
import unittest
from pathlib import Path

from robot import SKILLS


class RobotTest(unittest.TestCase):
    def test_the_robot_can_do_whatever_its_dialog_promises(self) -> None:
        dialog = Path(__file__).with_name("robot.dialog.yaml").read_text()
        promised = set(re.findall(r"- (?:\{ )?name: ([\w-]+)", dialog))
        self.assertEqual(promised - SKILLS.keys(), set())


if __name__ == "__main__":
    unittest.main()

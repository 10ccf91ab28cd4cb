"""What looks like personal data and is medicine: it must stay as it is."""

import pyarrow as pa
import pytest

from cmtmedqa.clean.deidentify import find, residual_column
from cmtmedqa.clean.deidentify.fold import fold

HARD = """国药准字H20103456
批号20210315
药品条码6901234567892
监管码81234567890123456789
血压130/85mmHg
D-二聚体1380ng/mL
CEA 3.45ng/ml，CA199 138.00U/ml
白细胞13800000000/L
乙肝DNA 13912345678 IU/ml
HPV16、18、52
c.1799T>A p.V600E
EGFR 19外显子
ICD-10 J45.901
阿莫西林0.5g每日3次
体温38.5℃
身高170cm体重65kg
2023-10-12做的B超
末次月经2023年5月12日
[14C]尿素
张口呼吸
方剂
高血压
建议到三甲医院就诊
国药准字H13912345678
抓拍时间2012112902：13：28
谢谢医生
任何医生
变成医生
到时医生会说
应医生要求
有的医生
和医生商量
全科医生
祝医生好
包括医生
向医生咨询
按照医生的说法
马应龙麝香痔疮膏
王老吉
云南白药
何首乌
帕金森病
白塞病
桥本甲状腺炎
柯萨奇病毒
李氏杆菌
胡大夫综合征
每月应扣100000
加v带
设备ID号123
县医院
当地人民医院
市级医院
上级医院
附近诊所
陈**医生
h***
我今年89岁
3天前开始发烧
2019年做过手术
氯化钠注射液250ml静滴
新CYP2D6基因型
血小板4000000000/L
患者高热，患者方便时复查
孩子黄疸，宝宝白天咳嗽
我妈马上到
病人白细胞高
您好，高血压要长期吃药
谢谢，您好
医生：高血压，先测血压
复方甘草片，安宫牛黄丸
左氧氟沙星，金水宝，康泰克
孕妇，于早孕28周起
1.2.3.4都有
生存期超过10年
18-90岁都可以用
老年人活到100岁
产地四川、湖北、安徽、江苏
北京地区流感高发
今天走了一路，10号来的月经""".splitlines()


@pytest.mark.parametrize("text", HARD)
def test_medicine_is_left_alone(text):
    found = [(span.kind, fold(text).original(span.start, span.end)) for span in find(text)]
    assert found == []


@pytest.mark.parametrize("text", HARD)
def test_medicine_is_left_alone_inside_a_sentence(text):
    assert find(f"大夫帮我看看，{text}，这个情况严重吗？") == ()


def test_nothing_is_residual_in_medical_text():
    assert set(residual_column(pa.array(HARD)).values()) == {0}
